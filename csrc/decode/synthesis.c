/* The decoder's transforms, bit for bit as minimp3's SIMD code. */
#include "decode/synthesis.h"

#include <string.h>

#include "common/cpu.h"
#include "common/polyphase_window.h"

/* ---- tables ---- */

#define SCALE (1.0f / 32768.0f)

/* cos and sin of (19 + 2 i) pi / 72, the other way round. */
static const float twiddle[18] = {
    0.73727734f, 0.79335334f, 0.84339145f, 0.88701083f, 0.92387953f, 0.95371695f,
    0.97629601f, 0.99144486f, 0.99904822f, 0.67559021f, 0.60876143f, 0.53729961f,
    0.46174861f, 0.38268343f, 0.30070580f, 0.21643961f, 0.13052619f, 0.04361938f};

/* The halves that meet: of a normal block, of a stop block. */
static const float long_windows[2][18] = {
    {0.99904822f, 0.99144486f, 0.97629601f, 0.95371695f, 0.92387953f, 0.88701083f, 0.84339145f,
     0.79335334f, 0.73727734f, 0.04361938f, 0.13052619f, 0.21643961f, 0.30070580f, 0.38268343f,
     0.46174861f, 0.53729961f, 0.60876143f, 0.67559021f},
    {1, 1, 1, 1, 1, 1, 0.99144486f, 0.92387953f, 0.79335334f, 0, 0, 0, 0, 0, 0, 0.13052619f,
     0.38268343f, 0.60876143f}};

/* 1 / (2 cos(n pi / 64)) for n = 31 - 2 i, 2 i + 1 and 4 i + 2. */
static const float secant[8][3] = {
    {10.19000816f, 0.50060302f, 0.50241929f}, {3.40760851f, 0.50547093f, 0.52249861f},
    {2.05778098f, 0.51544732f, 0.56694406f},  {1.48416460f, 0.53104258f, 0.64682180f},
    {1.16943991f, 0.55310392f, 0.78815460f},  {0.97256821f, 0.58293498f, 1.06067765f},
    {0.83934963f, 0.62250412f, 1.72244716f},  {0.74453628f, 0.67480832f, 5.10114861f}};

/* In pairs, for the newest, the oldest but one, the newest but two ... slots. */
#define WINDOW_ROW(c, t, s, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14, n15) \
  {n0, n8, n15, n7, n1, n9, n14, n6, n2, n10, n13, n5, n3, n11, n12, n4},

static const float window_rows[15][16] = {POLYPHASE_WINDOW(WINDOW_ROW)};

/* Of the bands 16 and 0, from the ends towards the middle, and backwards. */
static const float middle_weights[16] = {29,  213,  459,  2037,  5153,  6574, 37489, 75038,
                                         104, 1567, 9727, 64019, -9975, -45,  146,   -5};

enum {
  NOW = MP3A_SYNTHESIS_HISTORY,            /* where the granule begins in a row */
  ROW = NOW + MP3A_SLOTS + 7     /* whole cache lines in two */
};

/* ---- the scalar twin ---- */

#define TIER(name) name##_one
#define TARGET
typedef float TIER(vec);
#include "decode/synthesis_transform.h"
#undef TIER
#undef TARGET

static void imdct_band(float *lines, mp3a_imdct_overlap overlap, int band, const float *window,
                       int is_short) {
  float kept[9];
  lines += 18 * band;
  for (int i = 0; i < 9; i++) kept[i] = overlap[i][band];
  if (is_short) short_blocks_one(lines, kept);
  else long_block_one(lines, kept, window);
  for (int i = 0; i < 9; i++) overlap[i][band] = kept[i];
  if (band % 2)
    for (int slot = 1; slot < 18; slot += 2) lines[slot] = -lines[slot];
}

void mp3a_imdct_mixed(float *lines, mp3a_imdct_overlap overlap, int long_bands, int is_stop_type,
                      int is_short) {
  for (int band = 0; band < MP3A_SUBBANDS; band++) {
    int is_first = band < long_bands;
    imdct_band(lines, overlap, band, long_windows[!is_first && is_stop_type],
               !is_first && is_short);
  }
}

static void imdct_long_scalar(float *lines, mp3a_imdct_overlap overlap, int is_stop_type) {
  mp3a_imdct_mixed(lines, overlap, 0, is_stop_type, 0);
}

static void imdct_short_scalar(float *lines, mp3a_imdct_overlap overlap) {
  mp3a_imdct_mixed(lines, overlap, 0, 0, 1);
}

/* Two samples that share their bands, 17 + j (`p`) and 15 - j (`q`). */
static void window_pair(const float *p, const float *q, const float *w, float *low, float *high) {
  float a = 0, b = 0;
  for (int k = 0; k < 8; k++, w += 2) {
    const float z = k % 2 ? q[-k] : p[-k], y = k % 2 ? p[k - 15] : q[k - 15];
    const float sum = z * w[1] + y * w[0];
    const float difference = k % 2 ? y * w[1] - z * w[0] : z * w[0] - y * w[1];
    a = k == 0 ? difference : a + difference;
    b = k == 0 ? sum : b + sum;
  }
  *low = a * SCALE;
  *high = b * SCALE;
}

/* The two samples that need one band each. */
static void window_middle(const float *r0, const float *r16, float *first, float *middle) {
  const float *w = middle_weights;
  float a = (r16[-1] - r16[-15]) * w[0];
  for (int k = 1; k < 7; k++) {
    const float late = r16[-1 - k], early = r16[k - 15];
    a += (k % 2 ? early + late : late - early) * w[k];
  }
  a += r16[-8] * w[7];
  float b = r0[-1] * w[8];
  for (int k = 1; k < 8; k++) b += r0[-1 - 2 * k] * w[8 + k];
  *first = a * SCALE;
  *middle = b * SCALE;
}

MP3A_SMALL
static void synthesize_scalar(const float *lines, mp3a_synthesis_history history,
                              float *samples) {
  float rows[MP3A_SUBBANDS][ROW];
  for (int band = 0; band < MP3A_SUBBANDS; band++)
    memcpy(rows[band], history[band], sizeof history[band]);
  for (int slot = 0; slot < MP3A_SLOTS; slot++, samples += 32) {
    float x[32];
    for (int band = 0; band < 32; band++) x[band] = lines[18 * band + slot];
    dct32_one(x);
    for (int band = 0; band < 32; band++) rows[band][NOW + slot] = x[band];
    window_middle(rows[0] + NOW + slot, rows[16] + NOW + slot, samples, samples + 16);
    for (int j = 0; j < 15; j++)
      window_pair(rows[17 + j] + NOW + slot, rows[15 - j] + NOW + slot, window_rows[j],
                  samples + 1 + j, samples + 31 - j);
  }
  for (int band = 0; band < MP3A_SUBBANDS; band++)
    memcpy(history[band], rows[band] + MP3A_SLOTS, sizeof history[band]);
}

/* ---- vectors ---- */

#define TIER_SOURCE "decode/synthesis_vector.h"
#include "common/tiers.h"

#define SYNTHESIS_KERNELS(tier) {imdct_long_##tier, imdct_short_##tier, synthesize_##tier}

void mp3a_synthesis_select(mp3a_synthesis_kernels *kernels, unsigned cpu_flags) {
  MP3A_SELECT_TIER(kernels, SYNTHESIS_KERNELS, cpu_flags);
}
