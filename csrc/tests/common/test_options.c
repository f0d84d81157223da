/* Which options are valid: every value about every limit, by what the header says; and LAME's own
   choice of bitrates. */
#include "common/options.h"

#include <lame.h>
#include <math.h>
#include <stdbool.h>

#include "tests/check.h"

enum { RATES = 9, CBR_COUNT = 18 };
static const int32_t rates[RATES] = {8000,  11025, 12000, 16000, 22050,
                                     24000, 32000, 44100, 48000};
static const int32_t bitrates[CBR_COUNT] = {8,   16,  24,  32,  40,  48,  56,  64,  80,
                                            96, 112, 128, 144, 160, 192, 224, 256, 320};

static bool is_among(int32_t value, const int32_t *values, int count) {
  for (int i = 0; i < count; i++)
    if (values[i] == value) return true;
  return false;
}

static mp3a_options valid_options(int32_t rate_hz) {
  return (mp3a_options){.struct_byte_size = sizeof(mp3a_options), .sample_rate_hz = rate_hz,
                        .bitrate_kbps = 64, .quality = 7, .channel_count = 1};
}

static void check(const mp3a_options *o, bool is_valid, int32_t otherwise, const char *what) {
  const int32_t status = mp3a_check_options(o), wanted = is_valid ? MP3A_OK : otherwise;
  CHECK(status == wanted, "%s: %d, not %d", what, status, wanted);
}

static void check_flags(void) {
  for (int bit = 0; bit < 32; bit++) {
    mp3a_options o = valid_options(44100);
    o.flags = 1u << bit;
    check(&o, bit == 0 || (bit >= 2 && bit <= 5) || (bit >= 8 && bit <= 15), MP3A_INVALID_OPTION,
          "a flag");
  }
}

static void check_rates(void) {
  for (int32_t hz = -2; hz < 50000; hz++) {
    const bool is_rate = is_among(hz, rates, RATES);
    mp3a_options o = valid_options(hz);
    check(&o, is_rate, MP3A_UNSUPPORTED_SAMPLE_RATE, "a sample rate");
    o = valid_options(48000);
    o.coded_sample_rate_hz = hz;
    check(&o, is_rate || hz == 0 || hz == MP3A_CODED_RATE_AUTO, MP3A_UNSUPPORTED_SAMPLE_RATE,
          "a coded rate");
  }
}

static void check_rate_control(void) {
  mp3a_options o = valid_options(44100);
  for (int32_t kbps = -1; kbps < 330; kbps++) {
    o.bitrate_kbps = kbps, o.rate_control = MP3A_CBR;
    check(&o, is_among(kbps, bitrates, CBR_COUNT), MP3A_UNSUPPORTED_BITRATE, "CBR");
    o.rate_control = MP3A_ABR;
    check(&o, kbps >= 8 && kbps <= 320, MP3A_UNSUPPORTED_BITRATE, "ABR");
    o.rate_control = MP3A_VBR;
    check(&o, kbps == 0, MP3A_INVALID_OPTION, "VBR with a bitrate");
  }
  const float qualities[] = {-INFINITY, -1,     -1e-9f,    -0.0f, 0, 1e-9f, 4.5f,
                             9,         9.999f, 9.99901f, 10,    INFINITY, NAN};
  for (int i = 0; i < 13; i++) {
    o.bitrate_kbps = 0, o.rate_control = MP3A_VBR, o.vbr_quality = qualities[i];
    check(&o, i >= 3 && i <= 8, MP3A_UNSUPPORTED_QUALITY, "VBR");
    o.bitrate_kbps = 64, o.rate_control = MP3A_ABR;
    check(&o, o.vbr_quality == 0, MP3A_INVALID_OPTION, "ABR with a VBR quality");
    o.rate_control = MP3A_CBR;
    check(&o, o.vbr_quality == 0, MP3A_INVALID_OPTION, "CBR with a VBR quality");
  }
  o.vbr_quality = 0;
  for (int32_t control = -1; control < 5; control++) {
    o.rate_control = control, o.bitrate_kbps = control == MP3A_VBR ? 0 : 64;
    check(&o, control >= 0 && control <= 2, MP3A_INVALID_OPTION, "a rate control");
  }
}

static void check_numbers(void) {
  for (int32_t n = -2; n < 13; n++) {
    mp3a_options o = valid_options(44100);
    o.quality = n;
    check(&o, n >= 0 && n <= 9, MP3A_UNSUPPORTED_QUALITY, "quality");
    o = valid_options(44100);
    o.channel_count = n;
    check(&o, n == 1 || n == 2, MP3A_UNSUPPORTED_CHANNELS, "channels");
    o = valid_options(44100);
    o.pass_count = n;
    check(&o, n >= 0 && n <= MP3A_MAX_PASSES, MP3A_INVALID_OPTION, "passes");
    CHECK(mp3a_passes_of(&o) == (n > 1 ? (uint32_t)n : 1), "%d passes", n);
    o = valid_options(44100);
    o.struct_byte_size += (uint32_t)n;
    check(&o, n == 0, MP3A_INVALID_OPTION, "a struct");
  }
  CHECK(mp3a_check_options(NULL) == MP3A_INVALID_OPTION, "none");
}

/* A lowpass up to half the lower rate; an offset of less than an MP3 frame at the coded rate. */
static void check_pairs(int32_t rate_hz, int32_t coded_hz) {
  const bool is_open = coded_hz == MP3A_CODED_RATE_AUTO; /* as low as can be */
  const int32_t hz = coded_hz == 0 ? rate_hz : is_open ? 8000 : coded_hz;
  const int32_t lower_hz = hz < rate_hz && !is_open ? hz : rate_hz;
  const int64_t mp3_frame = hz >= 32000 ? 1152 : 576;
  mp3a_options o = valid_options(rate_hz);
  o.coded_sample_rate_hz = coded_hz;
  for (int32_t lowpass_hz = -2; lowpass_hz <= 24001; lowpass_hz++) {
    const int32_t from_top = lowpass_hz - lower_hz / 2;
    if (lowpass_hz > 1 && (from_top < -1 || from_top > 1)) continue;
    o.lowpass_hz = lowpass_hz;
    check(&o, lowpass_hz >= -1 && from_top <= 0, MP3A_INVALID_OPTION, "a lowpass");
  }
  o.lowpass_hz = 0;
  for (int32_t offset = -1; offset < 8000; offset++) {
    o.grid_offset = offset;
    check(&o, offset >= 0 && (int64_t)offset * hz < mp3_frame * rate_hz, MP3A_INVALID_OPTION,
          "an offset");
  }
}

/* Of what the coded rate has the nearest, as LAME chooses it. */
static void check_nearest(int32_t rate_hz) {
  for (int i = 0; i < CBR_COUNT; i++) {
    lame_global_flags *lame = lame_init();
    lame_set_in_samplerate(lame, rate_hz), lame_set_out_samplerate(lame, rate_hz);
    lame_set_brate(lame, bitrates[i]), lame_set_quality(lame, 9);
    CHECK(lame_init_params(lame) == 0, "lame_init_params");
    CHECK(mp3a_nearest_bitrate_kbps(rate_hz, bitrates[i]) == lame_get_brate(lame),
          "%d Hz, %d kbps: %d, LAME %d", rate_hz, bitrates[i],
          mp3a_nearest_bitrate_kbps(rate_hz, bitrates[i]), lame_get_brate(lame));
    lame_close(lame);
  }
  CHECK(mp3a_nearest_bitrate_kbps(rate_hz + 1, 64) == 0, "no rate");
  CHECK(mp3a_nearest_bitrate_kbps(rate_hz, INT32_MIN) == (rate_hz < 32000 ? 8 : 32), "the lowest");
  CHECK(mp3a_nearest_bitrate_kbps(rate_hz, INT32_MAX) ==
            (rate_hz < 16000 ? 64 : rate_hz < 32000 ? 160 : 320), "the highest");
}

int main(void) {
  RUN(check_flags());
  RUN(check_rates());
  RUN(check_rate_control());
  RUN(check_numbers());
  for (int i = 0; i < RATES; i++) {
    RUN(check_pairs(rates[i], 0));
    RUN(check_pairs(rates[i], MP3A_CODED_RATE_AUTO));
    for (int k = 0; k < RATES; k++) RUN(check_pairs(rates[i], rates[k]));
    RUN(check_nearest(rates[i]));
  }
  return check_finish();
}
