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
     int32_t status = mp3a_roundtrip(&options, left, right, 48000, left, right, 48000, NULL);
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
#define MP3A_ABI_VERSION 7

/* The codec's own delay in PCM frames at any sample rate: 576 of the encoder
   (LAME's ENCDELAY) and 528 + 1 of the decoder (its synthesis filterbank and
   overlap, as the LAME tag's specification counts them). */
#define MP3A_DELAY_FRAMES 1105

/* The longest clip, in PCM frames. */
#define MP3A_MAX_FRAMES 2147483647u

/* The largest magnitude that is coded as it is: where nothing scales louder audio
   down, as mp3a_roundtrip() does. It is 72 dB above full scale; LAME's
   arithmetic goes wrong from about 200000 on. */
#define MP3A_MAX_LEVEL 4096

/* The largest magnitude that is scaled down: what the codec makes of it, some
   times as large and in streams up to MP3A_MAX_LEVEL times, stays finite. */
#define MP3A_MAX_PEAK 1e33f

/* The most times that one call sends a clip through the codec. */
#define MP3A_MAX_PASSES 10

/* The most PCM frames that go into a stream at once. */
#define MP3A_MAX_STREAM_FRAMES 65536

/* Status codes. The functions below return one of them as int32_t. */
typedef enum mp3a_status {
  MP3A_OK = 0,
  MP3A_INVALID_AUDIO = 1,           /* a NULL or misaligned pointer, too many frames, or samples
                                       that are too loud to be coded as they are */
  MP3A_EMPTY_AUDIO = 2,             /* no frames */
  MP3A_NON_FINITE_AUDIO = 3,        /* a sample is NaN or infinite */
  MP3A_UNSUPPORTED_CHANNELS = 4,    /* neither 1 nor 2 */
  MP3A_UNSUPPORTED_SAMPLE_RATE = 5, /* not one of MPEG's nine */
  MP3A_UNSUPPORTED_BITRATE = 6,     /* not one of the 18, or for ABR not 8 to 320 */
  MP3A_UNSUPPORTED_QUALITY = 7,     /* not 0 to 9, or for VBR not 0 to 9.999 */
  MP3A_INVALID_OPTION = 8,          /* a wrong struct size, an unknown flag or value */
  MP3A_CORRUPT_MP3 = 9,             /* the decoder did not accept the MP3 data */
  MP3A_OUT_OF_MEMORY = 10,          /* memory, or a handle of the system, ran out */
  MP3A_CANCELLED = 11               /* mp3a_job_cancel was called */
} mp3a_status;

/* How the bitrate is controlled. */
enum {
  MP3A_CBR = 0, /* constant */
  MP3A_ABR = 1, /* an average that LAME steers to */
  MP3A_VBR = 2  /* constant quality (LAME's vbr_mtrh) */
};

/* Flags of mp3a_options. The first two and PRESERVE_LEVEL concern round trips
   only, NO_TAG only what is encoded to a file. */
enum {
  /* Keep the codec's delay at the front and its padding at the end: the output
     has mp3a_output_frame_count() PCM frames, and the input's first sample is
     at MP3A_DELAY_FRAMES. */
  MP3A_PRESERVE_DELAY = 1u << 0,
  /* Mid and side instead of left and right where LAME finds that better. No
     effect on mono. */
  MP3A_JOINT_STEREO = 1u << 2,
  /* Let MP3 frames borrow bits that earlier ones left over, as players expect it. */
  MP3A_BIT_RESERVOIR = 1u << 3,
  /* Divide out what the codec scales by: LAME multiplies the input of CBR and
     ABR by 0.95 to 1 depending on the bitrate, and takes full scale for 32767
     where the decoder takes it for 32768. */
  MP3A_PRESERVE_LEVEL = 1u << 4,
  /* Without the Xing/LAME tag frame, which tells players delay and padding. */
  MP3A_NO_TAG = 1u << 5,
  /* A round trip all on the calling thread, even when others are idle; see MP3A_THREADS. */
  MP3A_ONE_THREAD = 1u << 8
};

/* How many threads may work at a round trip, 1 to 255, as a part of the flags; without it as
   many as the process may use cores. The result doesn't depend on it. */
#define MP3A_THREADS(count) ((uint32_t)(count) << 8)

/* A lowpass_hz. */
#define MP3A_LOWPASS_OFF (-1)

/* A coded_sample_rate_hz: LAME's choice for the bitrate, as its command line makes it. */
#define MP3A_CODED_RATE_AUTO (-1)

/* How to code. All fields are 32 bits wide, without padding between them. */
typedef struct mp3a_options {
  uint32_t struct_byte_size; /* sizeof(mp3a_options) */
  int32_t sample_rate_hz;    /* 8000 11025 12000 16000 22050 24000 32000 44100 48000 */
  int32_t bitrate_kbps;      /* CBR: 8 16 24 32 40 48 56 64 80 96 112 128 144 160 192 224 256 320;
                                LAME uses mp3a_nearest_bitrate_kbps(). ABR: 8 to 320, which LAME
                                limits to what the sample rate allows. VBR: 0 */
  int32_t quality;           /* LAME's: 0 (best, slow) to 9 (fast) */
  int32_t channel_count;     /* 1 or 2 */
  uint32_t flags;            /* MP3A_* flags, or 0 */
  int32_t rate_control;      /* MP3A_CBR, MP3A_ABR or MP3A_VBR */
  float vbr_quality;         /* VBR: LAME's -V, 0 (best) to 9.999; else 0 */
  int32_t lowpass_hz;        /* 0: LAME's choice for the bitrate; MP3A_LOWPASS_OFF; or the
                                frequency above which nothing is coded, to half of
                                sample_rate_hz or, if lower, of coded_sample_rate_hz */
  int32_t coded_sample_rate_hz; /* 0: sample_rate_hz; another of the nine, to which LAME converts
                                the audio (and a round trip back, see mp3a_roundtrip());
                                or MP3A_CODED_RATE_AUTO, see mp3a_coded_sample_rate() */
  int32_t grid_offset;       /* how many PCM frames (at sample_rate_hz) into an MP3 frame the clip
                                begins, from 0 to mp3a_max_grid_offset(): as if so many zeros were
                                coded before it and cut off again. A tag counts them as encoder
                                delay. With MP3A_CODED_RATE_AUTO more are allowed: as many as at
                                8000 Hz */
  int32_t pass_count;        /* round trips at once: how many times the clip goes through encoder
                                and decoder, up to MP3A_MAX_PASSES: as many calls, each with the
                                output of the one before. 0 is 1, which all else takes only */
} mp3a_options;

/* What a round trip went through. All fields are 32 bits wide. */
typedef struct mp3a_stats {
  uint32_t mp3_byte_size; /* size of the MP3 data between encoder and decoder, of the last pass */
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

/* The sample rate in Hz that LAME codes at. 0 for invalid options, and when memory ran out
   where LAME has to be asked. */
MP3A_API int32_t mp3a_coded_sample_rate(const mp3a_options *options);

/* The largest grid_offset: an MP3 frame less one PCM frame of the input. -1 where
   mp3a_coded_sample_rate() is 0; the grid_offset that is there isn't looked at. */
MP3A_API int32_t mp3a_max_grid_offset(const mp3a_options *options);

/* How many PCM frames mp3a_roundtrip() writes for an input of `frame_count`:
   the same number, or with MP3A_PRESERVE_DELAY that of all decoded MP3 frames
   (after each pass), less the grid's offset. 0 when the options or the count are invalid. */
MP3A_API uint32_t mp3a_output_frame_count(const mp3a_options *options, uint32_t frame_count);

/* Encodes and decodes one clip. Clips louder than 1, up to MP3A_MAX_PEAK, are
   scaled down to a peak of 1 before the encoder, and back after the decoder.

   At another coded rate, LAME's resampler (a Blackman window of 31 samples) leads to it. Its
   delay is 0: output n lies at input n * sample_rate_hz / coded rate. Back leads a windowed sinc
   of 91 samples of the lower rate, which passes 92 % of its band, without delay either.

   left, right          `frame_count` floats each; `right` is NULL for mono
   out_left, out_right  owned by the caller, with room for `capacity` floats
                        each, at least mp3a_output_frame_count();
                        `out_right` is NULL for mono. Without
                        MP3A_PRESERVE_DELAY an output may be an input (the same
                        address); any other overlap of outputs with inputs or
                        each other gives wrong samples, never a wrong access
   stats                filled on success; may be NULL

   Returns MP3A_OK or any status but MP3A_CANCELLED. On an error that is found
   before the codec starts (all but CORRUPT_MP3 and OUT_OF_MEMORY) the outputs
   are untouched. Blocks the calling thread, which codes; idle threads of the
   library's pool help it, each with a part of the clip or, with the bit
   reservoir, one with the decoding. The result does not depend on that. */
MP3A_API int32_t mp3a_roundtrip(const mp3a_options *options, const float *left,
                                const float *right, uint32_t frame_count, float *out_left,
                                float *out_right, uint32_t capacity, mp3a_stats *stats);

/* As mp3a_roundtrip(), for 16-bit samples with channels interleaved, as WAV files
   have them: what comes out is mp3a_to_int16() of what the floats give.

   samples   `sample_count` of all channels together: whole PCM frames
   out       owned by the caller, with room for `capacity` samples of all channels,
             at least mp3a_output_frame_count() for each. Without
             MP3A_PRESERVE_DELAY it may be `samples`; any other overlap gives
             wrong samples, never a wrong access */
MP3A_API int32_t mp3a_roundtrip_pcm16(const mp3a_options *options, const int16_t *samples,
                                      uint32_t sample_count, int16_t *out, uint32_t capacity);

/* An upper bound for what mp3a_encode() writes for `frame_count` PCM frames, in
   bytes. 0 when the options or the count are invalid, or the bound has more
   than 32 bits. */
MP3A_API uint32_t mp3a_max_encoded_byte_size(const mp3a_options *options, uint32_t frame_count);

/* Whether mp3a_encode() and the stream write LAME's tag with these options: 1 or
   0. LAME leaves it out where it doesn't fit into one MP3 frame of the bitrate;
   players then can't know delay, padding and length. 0 also for invalid options. */
MP3A_API int32_t mp3a_has_tag(const mp3a_options *options);

/* Encodes one clip to a whole MP3 file, by default with the Xing/LAME tag.
   Samples beyond +-1 are coded as they are, up to MP3A_MAX_LEVEL; a player may
   clip them.

   left, right  as in mp3a_roundtrip()
   bytes        owned by the caller, with room for `capacity` bytes, at least
                mp3a_max_encoded_byte_size()
   byte_size    how many were written, on success

   Runs on the calling thread. INVALID_AUDIO also for too small a capacity. */
MP3A_API int32_t mp3a_encode(const mp3a_options *options, const float *left, const float *right,
                             uint32_t frame_count, uint8_t *bytes, uint32_t capacity,
                             uint32_t *byte_size);

/* Whether all of `frame_count` samples are finite numbers: 1 or 0. What
   mp3a_roundtrip() finds by itself, for callers who want to know before. */
MP3A_API int32_t mp3a_is_finite(const float *samples, uint32_t frame_count);

/* How many threads the library's pool has at most: the cores that this process
   may use. */
MP3A_API uint32_t mp3a_thread_limit(void);

/* Memory for a result, which is used again after its release, so that the system doesn't have to
   find and clear it anew: for a runtime that can make an array of it. */
typedef struct mp3a_memory mp3a_memory;

/* Gives memory back; the second argument is ignored. Any thread may call it. */
typedef void (*mp3a_release_fn)(void *memory, void *unused);

/* So much memory, aligned to 16, whatever is in it. Owned by the caller, who ends it by what
   mp3a_memory_release() returns. NULL when memory ran out. Thread-safe. */
MP3A_API mp3a_memory *mp3a_memory_take(uint32_t byte_size);

/* The function that takes such memory back. From this call on the library stays in the process.
   NULL where it can't be made to. */
MP3A_API mp3a_release_fn mp3a_memory_release(void);

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

/* Frees a queue whose jobs have all been ended. */
MP3A_API void mp3a_queue_destroy(mp3a_queue *queue);

/* Asks a job to stop: before its start at once, else before its next MP3
   frame. It still arrives in its queue. No effect on a finished job. */
MP3A_API void mp3a_job_cancel(mp3a_job *job);

/* The tag of a finished job that was not handed out yet, or 0 when there is none. */
MP3A_API uint32_t mp3a_queue_poll(mp3a_queue *queue);

/* As mp3a_queue_poll(), but waits for one. One thread at a time. */
MP3A_API uint32_t mp3a_queue_wait(mp3a_queue *queue);

/* Ends a job of any kind whose tag the queue has handed out: frees it with what it
   has made, and returns its status. INVALID_AUDIO for NULL. */
MP3A_API int32_t mp3a_job_end(mp3a_job *job);

/* Starts a round trip: copies the input (so that it may change or go at once)
   and returns. Parameters as in mp3a_roundtrip(); `tag`, not 0, is what the
   queue hands back. Returns the job, to be ended by mp3a_roundtrip_job_end() or
   mp3a_job_end(), or NULL with the reason in `*status`. Whether the audio is
   finite is found later and told at the end. */
MP3A_API mp3a_job *mp3a_roundtrip_job_start(mp3a_queue *queue, const mp3a_options *options,
                                            const float *left, const float *right,
                                            uint32_t frame_count, uint32_t tag, int32_t *status);

/* Ends a round trip whose tag the queue has handed out: copies the output into
   the caller's arrays (as in mp3a_roundtrip()), frees the job and returns its
   status. INVALID_AUDIO, and no effect, for NULL, another kind of job, or too
   small a capacity. */
MP3A_API int32_t mp3a_roundtrip_job_end(mp3a_job *job, float *out_left, float *out_right,
                                        uint32_t capacity, mp3a_stats *stats);

/* As mp3a_roundtrip_job_start(), with samples as in mp3a_roundtrip_pcm16(). */
MP3A_API mp3a_job *mp3a_roundtrip_pcm16_job_start(mp3a_queue *queue, const mp3a_options *options,
                                                  const int16_t *samples, uint32_t sample_count,
                                                  uint32_t tag, int32_t *status);

/* As mp3a_roundtrip_job_end(), for 16-bit samples: `capacity` counts those of all
   channels, mp3a_output_frame_count() for each. */
MP3A_API int32_t mp3a_roundtrip_pcm16_job_end(mp3a_job *job, int16_t *out, uint32_t capacity);

/* The largest magnitude of 16-bit samples, with 32768 as 1. */
MP3A_API float mp3a_pcm16_peak(const int16_t *samples, uint32_t sample_count);

/* As mp3a_roundtrip_job_start(), for mp3a_encode(). */
MP3A_API mp3a_job *mp3a_encode_job_start(mp3a_queue *queue, const mp3a_options *options,
                                         const float *left, const float *right,
                                         uint32_t frame_count, uint32_t tag, int32_t *status);

/* How many bytes a finished encoding has: 0 after a failure, or for NULL or
   another kind of job. */
MP3A_API uint32_t mp3a_encode_job_byte_size(const mp3a_job *job);

/* As mp3a_roundtrip_job_end(), for mp3a_encode_job_start(): copies
   mp3a_encode_job_byte_size() bytes. */
MP3A_API int32_t mp3a_encode_job_end(mp3a_job *job, uint8_t *bytes, uint32_t capacity);

/* An encoder that is fed piece by piece. One thread at a time. What it writes,
   put together, is what mp3a_encode() writes for all the audio at once, but for
   the tag frame at the front, which is empty until mp3a_encode_stream_tag(). */
typedef struct mp3a_encode_stream mp3a_encode_stream;

/* A new encoder, to be freed by mp3a_encode_stream_destroy(); NULL with the
   reason in `*status`. */
MP3A_API mp3a_encode_stream *mp3a_encode_stream_create(const mp3a_options *options,
                                                       int32_t *status);
MP3A_API void mp3a_encode_stream_destroy(mp3a_encode_stream *stream);

/* The room that mp3a_encode_stream_write() needs for `frame_count` PCM frames,
   and mp3a_encode_stream_finish() for 0. */
MP3A_API uint32_t mp3a_encode_stream_capacity(const mp3a_encode_stream *stream,
                                              uint32_t frame_count);

/* Encodes `frame_count` more PCM frames: 1 to MP3A_MAX_STREAM_FRAMES. An error that is found
   before the codec starts (all but OUT_OF_MEMORY) leaves the stream as it was. */
MP3A_API int32_t mp3a_encode_stream_write(mp3a_encode_stream *stream, const float *left,
                                          const float *right, uint32_t frame_count,
                                          uint8_t *bytes, uint32_t capacity,
                                          uint32_t *byte_size);

/* Writes what is left. Nothing more can be encoded then. */
MP3A_API int32_t mp3a_encode_stream_finish(mp3a_encode_stream *stream, uint8_t *bytes,
                                           uint32_t capacity, uint32_t *byte_size);

/* After mp3a_encode_stream_finish(): the tag frame to write over the first
   `*byte_size` bytes; 0 with MP3A_NO_TAG. */
MP3A_API int32_t mp3a_encode_stream_tag(mp3a_encode_stream *stream, uint8_t *bytes,
                                        uint32_t capacity, uint32_t *byte_size);

/* A round trip that is fed piece by piece. One thread at a time. What it writes,
   put together, is what mp3a_roundtrip() writes for all the audio at once, if
   `peak` is the audio's peak. */
typedef struct mp3a_roundtrip_stream mp3a_roundtrip_stream;

/* A new stream, to be freed by mp3a_roundtrip_stream_destroy(); NULL with the
   reason in `*status`. `peak`: the largest magnitude to come, 0 to MP3A_MAX_PEAK;
   up to 1 nothing is scaled. Samples beyond it are coded as they are, up to
   MP3A_MAX_LEVEL times max(peak, 1). */
MP3A_API mp3a_roundtrip_stream *mp3a_roundtrip_stream_create(const mp3a_options *options,
                                                             float peak, int32_t *status);
MP3A_API void mp3a_roundtrip_stream_destroy(mp3a_roundtrip_stream *stream);

/* The room in PCM frames that mp3a_roundtrip_stream_write() needs for
   `frame_count` more, or mp3a_roundtrip_stream_finish() for 0: what was put in
   and has not come out yet. */
MP3A_API uint32_t mp3a_roundtrip_stream_capacity(const mp3a_roundtrip_stream *stream,
                                                 uint32_t frame_count);

/* Puts 1 to MP3A_MAX_STREAM_FRAMES PCM frames in and writes those that come out;
   `*written_count` tells how many. No overlap of inputs and outputs. An error
   that is found before the codec starts (all but CORRUPT_MP3 and OUT_OF_MEMORY)
   leaves the stream as it was. */
MP3A_API int32_t mp3a_roundtrip_stream_write(mp3a_roundtrip_stream *stream, const float *left,
                                             const float *right, uint32_t frame_count,
                                             float *out_left, float *out_right,
                                             uint32_t capacity, uint32_t *written_count);

/* Writes what is left. Nothing more can be put in then. */
MP3A_API int32_t mp3a_roundtrip_stream_finish(mp3a_roundtrip_stream *stream, float *out_left,
                                              float *out_right, uint32_t capacity,
                                              uint32_t *written_count);

/* The rates that are converted from and to. */
#define MP3A_LOWEST_RATE_HZ 1000
#define MP3A_HIGHEST_RATE_HZ 768000

/* One channel at another sample rate, piece by piece: by the filter that leads a round trip back,
   aligned, and the same bits whatever the pieces. One thread at a time. */
typedef struct mp3a_resample_stream mp3a_resample_stream;

/* A new stream, to be freed by mp3a_resample_stream_destroy(); NULL with the reason in `*status`.
   Rates in Hz, which needn't be whole. */
MP3A_API mp3a_resample_stream *mp3a_resample_stream_create(double from_hz, double to_hz,
                                                           int32_t *status);
MP3A_API void mp3a_resample_stream_destroy(mp3a_resample_stream *stream);

/* The room in samples that mp3a_resample_stream_write() needs for `frame_count` more. */
MP3A_API uint32_t mp3a_resample_stream_capacity(const mp3a_resample_stream *stream,
                                                uint32_t frame_count);

/* Takes 1 to MP3A_MAX_STREAM_FRAMES samples and writes those of the other rate for which enough
   was heard; `*written_count` tells how many. No overlap. At the end zeros bring out the rest: 46
   samples of the lower rate. */
MP3A_API int32_t mp3a_resample_stream_write(mp3a_resample_stream *stream, const float *samples,
                                            uint32_t frame_count, float *out, uint32_t capacity,
                                            uint32_t *written_count);

/* What an MP3 file is. All fields but the last are 32 bits wide. */
typedef struct mp3a_mp3_info {
  int32_t sample_rate_hz;
  int32_t channel_count;     /* of the first MP3 frame, and of the decoded audio */
  int32_t version_times_ten; /* MPEG-1: 10, MPEG-2: 20, MPEG-2.5: 25 */
  int32_t channel_mode;      /* 0: stereo, 1: joint stereo, 2: two languages, 3: mono */
  int32_t bitrate_mode;      /* MP3A_CBR, MP3A_ABR or MP3A_VBR */
  float bitrate_kbps;        /* the mean */
  uint32_t mp3_frame_count;  /* MP3 frames with audio */
  uint32_t frame_count_low;  /* PCM frames that it decodes to: the lower 32 bits */
  uint32_t frame_count_high; /* and the upper ones */
  int32_t tag_kind;          /* 0: none, 1: Xing, 2: Info, 3: VBRI */
  int32_t encoder_delay;     /* PCM frames that the encoder has put before the audio; -1: unknown */
  int32_t encoder_padding;   /* and behind it; -1: unknown */
  char encoder[12];          /* as the tag names it, ended by 0; empty: unknown */
} mp3a_mp3_info;

/* Describes a whole MP3 file of any kind (MPEG-1, 2 and 2.5, Layer III) without
   decoding it; walks all MP3 frames. ID3 and APE tags and garbage are passed
   over. The first MP3 frame says what kind of stream it is: one of another
   sample rate or version counts as garbage. `is_gapless`: the PCM frames are
   counted without the delay and the padding that the LAME tag tells, else all.
   CORRUPT_MP3 when there is no MP3 frame. */
MP3A_API int32_t mp3a_probe(const uint8_t *bytes, uint32_t byte_size, uint32_t is_gapless,
                            mp3a_mp3_info *info);

/* Decodes a whole MP3 file.

   out_left, out_right  owned by the caller, with room for `capacity` PCM frames,
                        at least as many as mp3a_probe() tells; `out_right` is
                        NULL for mono

   A mono MP3 frame in a stereo file fills both channels; of a stereo one in a
   mono file the mean is taken. An MP3 frame that is damaged is silent; one that is cut off at
   the end is left out. Runs on the calling thread. */
MP3A_API int32_t mp3a_decode(const uint8_t *bytes, uint32_t byte_size, uint32_t is_gapless,
                             float *out_left, float *out_right, uint32_t capacity);

/* Samples as 16-bit integers: times 32768, to the nearest, limited to the range. */
MP3A_API void mp3a_to_int16(const float *samples, int16_t *out, uint32_t frame_count);

/* As mp3a_roundtrip_job_start(), for mp3a_decode(). */
MP3A_API mp3a_job *mp3a_decode_job_start(mp3a_queue *queue, const uint8_t *bytes,
                                         uint32_t byte_size, uint32_t is_gapless, uint32_t tag,
                                         int32_t *status);

/* Of a finished decoding: its status, and if that is OK what it has decoded. */
MP3A_API int32_t mp3a_decode_job_info(const mp3a_job *job, mp3a_mp3_info *info);

/* As mp3a_roundtrip_job_end(), for mp3a_decode_job_start(): the arrays have room for the PCM
   frames that mp3a_decode_job_info() tells. */
MP3A_API int32_t mp3a_decode_job_end(mp3a_job *job, float *out_left, float *out_right,
                                     uint32_t capacity);

/* A decoder that is fed piece by piece. One thread at a time. What it writes, put
   together, is what mp3a_decode() writes for all the bytes at once. */
typedef struct mp3a_decode_stream mp3a_decode_stream;

/* A new decoder, to be freed by mp3a_decode_stream_destroy(); NULL with the reason
   in `*status`. */
MP3A_API mp3a_decode_stream *mp3a_decode_stream_create(uint32_t is_gapless, int32_t *status);
MP3A_API void mp3a_decode_stream_destroy(mp3a_decode_stream *stream);

/* Takes some of `byte_size` more bytes, as `*consumed` tells, and writes PCM frames,
   as `*written_count` tells, into arrays with room for `capacity`, at least 1152.
   `at_end`: these are the last bytes. Call it until all is consumed and, at the
   end, fewer frames than `capacity` were written. `out_right` may be NULL only once
   the stream is known to be mono; for mono it is left alone. CORRUPT_MP3 when at
   the end there was no MP3 frame. */
MP3A_API int32_t mp3a_decode_stream_run(mp3a_decode_stream *stream, const uint8_t *bytes,
                                        uint32_t byte_size, uint32_t at_end, float *out_left,
                                        float *out_right, uint32_t capacity, uint32_t *consumed,
                                        uint32_t *written_count);

/* What is known so far; CORRUPT_MP3 before the first MP3 frame. */
MP3A_API int32_t mp3a_decode_stream_info(const mp3a_decode_stream *stream, mp3a_mp3_info *info);

#ifdef __cplusplus
}
#endif
#endif
