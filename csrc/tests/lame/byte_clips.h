/* Clips for check_bytes.c, full of what encoders find hard. */
#ifndef MP3A_BYTE_CLIPS_H
#define MP3A_BYTE_CLIPS_H

enum { MAX_FRAMES = 48000, MAX_TIMED = 480000, MAX_BLOCK = 4096 };

typedef enum {
  CLIP_ATTACKS, CLIP_CASTANETS, CLIP_BURSTS, CLIP_SINES, CLIP_TINY, CLIP_CLIPPED, CLIP_STEPS,
  CLIP_IMPULSES, CLIP_NOISE, CLIP_SILENCE, CLIP_REAL, CLIP_REAL_ATTACKS, CLIP_COUNT
} clip_kind;

extern const char *const clip_names[CLIP_COUNT];

/* The clip. */
extern float clip[2][MAX_TIMED + MAX_BLOCK];

/* Makes it: stereo that is now alike, now not, so that joint stereo has both to do. */
void make_clip(int frames, int rate, clip_kind kind);

/* From now on "real" ones are of this 16-bit PCM WAV file, whose channels are read as one long run
   of samples. */
void read_wav(const char *path);

#endif
