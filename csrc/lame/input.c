/* Samples on their way into the encoder. LAME scales a block into one buffer,
   copies it to another (mfbuf) and shifts that after each frame; here it is
   scaled straight into mfbuf. Replay gain keeps LAME's way, and so does resampling, by
   resample.c. */
#include <limits.h>
#include <string.h>

#include "common/mpeg.h"
#include "lame/internals.h"
#include "libmp3lame/lame_global_flags.h"

int lame_encode_buffer_ieee_float_lame(lame_t lame, const float left[], const float right[],
                                       int count, unsigned char *bytes, int byte_size);

/* Simple enough for the compiler: four lanes on any target, AVX2 gains nothing. */
static void mix(const float *left, const float *right, const float factors[2], int count,
                float *restrict out) {
  const float f = factors[0], g = factors[1];
  for (int i = 0; i < count; i++) {
    const float a = left[i] * f, b = right[i] * g;
    out[i] = a + b;
  }
}

/* Floats of ±1 are ±32767 inside, times the user's scale or downmix matrix. LAME
   adds the other channel even where its factor is 0: that turns -0 into +0 and
   carries NaN across, so it's done here too. */
static void take_in(lame_internal_flags *gfc, const float *left, const float *right, int count) {
  EncStateVar_t *esv = &gfc->sv_enc;
  for (int ch = 0; ch < gfc->cfg.channels_out; ch++) {
    const float *matrix = gfc->cfg.pcm_transform[ch];
    const float factors[2] = {32767.0f * matrix[0], 32767.0f * matrix[1]};
    mix(left, right, factors, count, esv->mfbuf[ch] + esv->mf_size);
  }
  esv->mf_size += count;
  /* A flush leaves 0 here: then the count starts again. */
  if (esv->mf_samples_to_encode < 1) esv->mf_samples_to_encode = ENCDELAY + POSTDELAY;
  esv->mf_samples_to_encode += count;
}

/* Encodes the frame at the front of mfbuf and moves up what is behind it. */
static int encode_frame(lame_internal_flags *gfc, unsigned char *bytes, int byte_size) {
  EncStateVar_t *esv = &gfc->sv_enc;
  const int frame_size = MP3A_LINES * gfc->cfg.mode_gr;
  const int written =
      lame_encode_mp3_frame(gfc, esv->mfbuf[0], esv->mfbuf[1], bytes, byte_size);
  if (written < 0) return written;
  esv->mf_size -= frame_size;
  esv->mf_samples_to_encode -= frame_size;
  for (int ch = 0; ch < gfc->cfg.channels_out; ch++) {
    memmove(esv->mfbuf[ch], esv->mfbuf[ch] + frame_size,
            (size_t)esv->mf_size * sizeof esv->mfbuf[ch][0]);
  }
  return written;
}

static int encode_samples(lame_internal_flags *gfc, const float *left, const float *right,
                          int count, unsigned char *bytes, int byte_size) {
  const int frame_size = MP3A_LINES * gfc->cfg.mode_gr;
  /* What a frame's FFT and its filterbank look at. */
  const int for_fft = BLKSIZE + frame_size - FFTOFFSET, for_bands = 512 + frame_size - 32;
  const int needed = for_fft > for_bands ? for_fft : for_bands;
  const int limit = byte_size == 0 ? INT_MAX : byte_size; /* 0: the caller vouches */
  int total = copy_buffer(gfc, bytes, limit, 0);          /* tags that wait */
  if (total < 0) return total;
  while (count > 0) {
    const int step = count < frame_size ? count : frame_size;
    take_in(gfc, left, right, step);
    left += step, right += step, count -= step;
    if (gfc->sv_enc.mf_size < needed) continue;
    const int room = byte_size == 0 ? INT_MAX : byte_size - total;
    const int written = encode_frame(gfc, bytes + total, room);
    if (written < 0) return written;
    total += written;
  }
  return total;
}

static int is_ready(const lame_global_flags *lame) {
  if (!lame || lame->class_id != LAME_ID) return 0;
  const lame_internal_flags *gfc = lame->internal_flags;
  return gfc && gfc->class_id == LAME_ID && gfc->lame_init_params_successful > 0;
}

int lame_encode_buffer_ieee_float(lame_t lame, const float left[], const float right[],
                                  const int count, unsigned char *bytes, const int byte_size) {
  if (!is_ready(lame) || count <= 0 || !left || isResamplingNecessary(&lame->internal_flags->cfg) ||
      lame->internal_flags->cfg.findReplayGain) {
    return lame_encode_buffer_ieee_float_lame(lame, left, right, count, bytes, byte_size);
  }
  lame_internal_flags *gfc = lame->internal_flags;
  if (gfc->cfg.channels_in < 2) right = left;
  if (!right) return 0;
  return encode_samples(gfc, left, right, count, bytes, byte_size);
}
