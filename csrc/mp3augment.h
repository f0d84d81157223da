/* mp3augment: audio through a real MP3 encoder (LAME) and decoder (minimp3),
   in memory, aligned to the sample.

   Terms. A *PCM frame* is one sample per channel. An *MP3 frame* is what the
   codec handles at once: 1152 PCM frames at 32 kHz and above (MPEG-1), 576
   below (MPEG-2 and 2.5). Audio is planar 32-bit float, nominally -1 to 1.

   A whole program:

     float left[48000], right[48000];            // filled by the caller
     mp3a_options options = {
       .struct_byte_size = sizeof options, .sample_rate_hz = 48000,
       .bitrate_kbps = 64, .quality = 7, .channel_count = 2,
     };
     int32_t status = mp3a_roundtrip(&options, left, right, 48000, left, right, NULL);
     if (status != MP3A_OK) puts(mp3a_status_message(status));

   Every function may be called from any thread at any time, unless its
   comment says otherwise. None prints, exits or raises a signal. */
#ifndef MP3AUGMENT_H
#define MP3AUGMENT_H

#include <stdint.h>

#if defined(_WIN32)
#define MP3A_API __declspec(dllexport)
#else
#define MP3A_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised with every change that an older caller would not survive. */
#define MP3A_ABI_VERSION 1

/* The codec's own delay in PCM frames at any sample rate: 576 of the encoder
   (LAME's ENCDELAY) and 528 + 1 of the decoder (its synthesis filterbank and
   overlap, as the LAME tag's specification counts them). */
#define MP3A_DELAY_FRAMES 1105

/* The longest clip, in PCM frames. */
#define MP3A_MAX_FRAMES 2147483647u

/* Status codes. The functions below return one of them as int32_t. */
typedef enum mp3a_status {
  MP3A_OK = 0,
  MP3A_INVALID_AUDIO = 1,           /* a NULL or misaligned pointer, or too many frames */
  MP3A_EMPTY_AUDIO = 2,             /* no frames */
  MP3A_NON_FINITE_AUDIO = 3,        /* a sample is NaN or infinite */
  MP3A_UNSUPPORTED_CHANNELS = 4,    /* neither 1 nor 2 */
  MP3A_UNSUPPORTED_SAMPLE_RATE = 5, /* not one of MPEG's nine */
  MP3A_UNSUPPORTED_BITRATE = 6,     /* not one of the 18 */
  MP3A_UNSUPPORTED_QUALITY = 7,     /* not 0 to 9 */
  MP3A_INVALID_OPTION = 8,          /* a wrong struct size or an unknown flag */
  MP3A_CORRUPT_MP3 = 9,             /* the decoder did not accept the MP3 data */
  MP3A_OUT_OF_MEMORY = 10,          /* memory, or a handle of the system, ran out */
  MP3A_CANCELLED = 11               /* mp3a_job_cancel was called */
} mp3a_status;

/* Flags of mp3a_options. */
enum {
  /* Keep the codec's delay at the front and its padding at the end: the output
     has mp3a_output_frame_count() PCM frames, and the input's first sample is
     at MP3A_DELAY_FRAMES. */
  MP3A_PRESERVE_DELAY = 1u << 0,
  /* Decode on the encoder's thread, even when another one is idle. */
  MP3A_ONE_THREAD = 1u << 1
};

/* How to code. All fields are 32 bits wide, without padding between them. */
typedef struct mp3a_options {
  uint32_t struct_byte_size; /* sizeof(mp3a_options) */
  int32_t sample_rate_hz;    /* 8000 11025 12000 16000 22050 24000 32000 44100 48000 */
  int32_t bitrate_kbps;      /* 8 16 24 32 40 48 56 64 80 96 112 128 144 160 192 224 256 320;
                                constant; LAME uses mp3a_nearest_bitrate_kbps() */
  int32_t quality;           /* LAME's: 0 (best, slow) to 9 (fast) */
  int32_t channel_count;     /* 1 or 2 */
  uint32_t flags;            /* MP3A_* flags, or 0 */
} mp3a_options;

/* What a round trip went through. All fields are 32 bits wide. */
typedef struct mp3a_stats {
  uint32_t mp3_byte_size; /* size of the MP3 data between encoder and decoder */
  float peak;             /* the input's largest magnitude */
} mp3a_stats;

/* MP3A_ABI_VERSION of the loaded library. */
MP3A_API uint32_t mp3a_abi_version(void);

/* An English sentence without a full stop, of static storage; also for numbers
   that are no status. */
MP3A_API const char *mp3a_status_message(int32_t status);

/* The bitrate in kbps that MPEG allows at `sample_rate_hz` and LAME uses when
   asked for `bitrate_kbps`: the nearest, the lower of two equally near. 0 when
   the sample rate is not supported. */
MP3A_API int32_t mp3a_nearest_bitrate_kbps(int32_t sample_rate_hz, int32_t bitrate_kbps);

/* How many PCM frames mp3a_roundtrip() writes for an input of `frame_count`:
   the same number, or with MP3A_PRESERVE_DELAY that of all decoded MP3 frames,
   a multiple of 1152 or 576. 0 when the options or the count are invalid. */
MP3A_API uint32_t mp3a_output_frame_count(const mp3a_options *options, uint32_t frame_count);

/* Encodes and decodes one clip. Clips louder than 1 are scaled down to a peak
   of 1 before the encoder, and back after the decoder.

   left, right          `frame_count` floats each; `right` is NULL for mono
   out_left, out_right  mp3a_output_frame_count() floats each, owned by the
                        caller; `out_right` is NULL for mono. Without
                        MP3A_PRESERVE_DELAY an output may be an input (the same
                        address); any other overlap of outputs with inputs or
                        each other gives wrong samples, never a wrong access
   stats                filled on success; may be NULL

   Returns MP3A_OK or any status but MP3A_CANCELLED. On an error that is found
   before the codec starts (all but CORRUPT_MP3 and OUT_OF_MEMORY) the outputs
   are untouched. Blocks the calling thread, which runs the encoder; a thread
   of the library's pool runs the decoder beside it when one is idle. The
   result does not depend on that. */
MP3A_API int32_t mp3a_roundtrip(const mp3a_options *options, const float *left,
                                const float *right, uint32_t frame_count, float *out_left,
                                float *out_right, mp3a_stats *stats);

/* Whether all of `frame_count` samples are finite numbers: 1 or 0. What
   mp3a_roundtrip() finds by itself, for callers who want to know before. */
MP3A_API int32_t mp3a_is_finite(const float *samples, uint32_t frame_count);

/* How many threads the library's pool has at most: the cores that this process
   may use. */
MP3A_API uint32_t mp3a_thread_limit(void);

/* A queue of finished jobs. The jobs of all queues share one pool of at most
   as many threads as the process may use cores; it lives as long as the process. */
typedef struct mp3a_queue mp3a_queue;

/* A call that runs on the pool. */
typedef struct mp3a_job mp3a_job;

/* Called by a pool thread after each finished job: it may only wake the owner
   of the queue, who then calls mp3a_queue_poll(). */
typedef void (*mp3a_notify_fn)(void);

/* A new queue; `notify` may be NULL. Owned by the caller, who frees it with
   mp3a_queue_destroy(). NULL when memory ran out. */
MP3A_API mp3a_queue *mp3a_queue_create(mp3a_notify_fn notify);

/* Frees a queue whose jobs have all been ended by mp3a_job_end(). */
MP3A_API void mp3a_queue_destroy(mp3a_queue *queue);

/* Starts a round trip: copies the input (so that it may change or go at once)
   and returns. Parameters as in mp3a_roundtrip(); `tag`, not 0, is what the
   queue hands back. Returns the job, to be ended by mp3a_job_end(), or NULL
   with the reason in `*status`. Whether the audio is finite is found later and
   told by mp3a_job_end(). */
MP3A_API mp3a_job *mp3a_job_start(mp3a_queue *queue, const mp3a_options *options,
                                  const float *left, const float *right, uint32_t frame_count,
                                  uint32_t tag, int32_t *status);

/* Asks a job to stop: before its start at once, else before its next MP3
   frame. It still arrives in its queue. No effect on a finished job. */
MP3A_API void mp3a_job_cancel(mp3a_job *job);

/* The tag of a finished job that was not handed out yet, or 0 when there is none. */
MP3A_API uint32_t mp3a_queue_poll(mp3a_queue *queue);

/* As mp3a_queue_poll(), but waits for one. One thread at a time. */
MP3A_API uint32_t mp3a_queue_wait(mp3a_queue *queue);

/* Ends a round trip whose tag the queue has handed out: copies the output into
   the caller's arrays (as in mp3a_roundtrip()), frees the job and returns its
   status. With NULL for `out_left` it ends any kind of job and discards the
   result. INVALID_AUDIO, and no effect, for NULL or another kind of job. */
MP3A_API int32_t mp3a_job_end(mp3a_job *job, float *out_left, float *out_right,
                              mp3a_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
