/* The MDCT of the subbands and the alias reduction, bit for bit as in stock LAME. */
#include "lame/kernels/mdct.h"

#include "common/cpu.h"

/* ---- tables ---- */

enum { LINES_PER_BAND = MP3A_SLOTS };

/* The standard's numbers of the long windows. */
enum { NORMAL_WINDOW = 0, START_WINDOW = 1, STOP_WINDOW = 3 };

/* The standard's windows (2.4.3.4.10.3) with a scale and the cosine of the first
   rotation, 2.384e-6 / 32768 / 9 * cos((2 i + 19) pi / 72), in both factors:
   i samples from each end of the previous, then of the current granule. */
typedef struct long_window {
  float previous[18], current[18];
} long_window;

#define RISING                                                                             \
  2.38219167e-13f, 6.4233059e-13f, 9.40084924e-13f, 1.12243504e-12f, 1.18384035e-12f,      \
      1.12243504e-12f, 9.40084924e-13f, 6.4233059e-13f, 2.38219167e-13f, 5.45611603e-12f,  \
      4.87898524e-12f, 4.24044914e-12f, 3.55990909e-12f, 2.85804345e-12f, 2.15617758e-12f, \
      1.47563775e-12f, 8.37101493e-13f, 2.5997062e-13f
#define FALLING                                                                               \
  -5.45611603e-12f, -4.87898524e-12f, -4.24044914e-12f, -3.55990909e-12f, -2.85804345e-12f,   \
      -2.15617758e-12f, -1.47563775e-12f, -8.37101493e-13f, -2.5997062e-13f,                  \
      -2.38219167e-13f, -6.4233059e-13f, -9.40084924e-13f, -1.12243504e-12f, -1.18384035e-12f, \
      -1.12243504e-12f, -9.40084924e-13f, -6.4233059e-13f, -2.38219167e-13f

static const long_window long_windows[4] = {
    [NORMAL_WINDOW] = {{RISING}, {FALLING}},
    [START_WINDOW] = {{RISING},
                    {-5.46131413e-12f, -4.92108567e-12f, -4.34340498e-12f, -3.73266825e-12f,
                     -3.09352392e-12f, -2.4308357e-12f, -1.73467902e-12f, -9.74825364e-13f,
                     -2.79743514e-13f, 0, 0, 0, 0, 0, 0, -2.28374828e-13f, -4.03785891e-13f,
                     -2.14654751e-13f}},
    [STOP_WINDOW] = {{0, 0, 0, 0, 0, 0, 2.28374828e-13f, 4.03785891e-13f, 2.14654751e-13f,
                    5.46131413e-12f, 4.92108567e-12f, 4.34340498e-12f, 3.73266825e-12f,
                    3.09352392e-12f, 2.4308357e-12f, 1.73467902e-12f, 9.74825364e-13f,
                    2.79743514e-13f},
                   {FALLING}},
};

static const float rotation[9] = { /* tan((2 i + 19) pi / 72) */
    1.09130847f, 1.3032254f,  1.56968558f, 1.92098212f, 2.41421366f,
    3.17159486f, 4.51070833f, 7.59575415f, 22.9037647f};

/* Degrees; float factors of the 18-point transform. */
#define COS_10 0.98480775301220802f
#define COS_20 0.93969262078590842f
#define COS_30 0.86602540378443871f
#define COS_50 0.64278760968653936f
#define COS_60 0.5f
#define COS_70 0.34202014332566882f
#define COS_100 (-0.17364817766693030f)
#define COS_140 (-0.76604444311897790f)

static const float short_window[3] = { /* tan((2 i + 1) pi / 24) */
    0.131652504f, 0.414213568f, 0.767327011f};

#define SIN_60 0.86602540378443870761
#define SHORT_SCALE_0 1.907525191737280e-11
#define SHORT_SCALE_1 2.069978111953089e-11
#define SHORT_SCALE_2 1.907525191737281e-11 /* another double than SHORT_SCALE_0 */

/* ca and cs of the standard (2.4.3.4.10.1) from c = -0.6, -0.535 ... */
static const float alias_ca[8] = {-0.51449573f,  -0.471731961f,  -0.31337744f,   -0.181913197f,
                                  -0.0945741907f, -0.0409655832f, -0.0141985686f, -0.00369997462f};
static const float alias_cs[8] = {0.857492924f, 0.881742001f, 0.949628651f, 0.983314574f,
                                  0.99551779f,  0.999160588f, 0.999899209f, 0.999993145f};

/* ---- the scalar twin ---- */

#define TIER(name) name##_one
#define TARGET
#define WIDEN(x) ((double)(x))
#define NARROW(x) ((float)(x))
typedef float TIER(vec);
static inline float load_one(const float *p) { return *p; }
#include "lame/kernels/mdct_transform.h"
#undef TIER
#undef TARGET
#undef WIDEN
#undef NARROW

MP3A_SMALL
static void long_blocks_scalar(rows_one previous, rows_one current, int type, int bands,
                               float *lines) {
  for (int band = 0; band < bands; band++)
    long_lines_one(previous, current, band, &long_windows[type], lines + LINES_PER_BAND * band);
}

MP3A_SMALL
static void short_blocks_scalar(rows_one previous, rows_one current, int bands, float *lines) {
  for (int band = 0; band < bands; band++)
    short_lines_one(previous, current, band, lines + LINES_PER_BAND * band);
}

static void reduce_alias_scalar(float *lines, int borders) {
  for (float *border = lines + 18, *end = border + 18 * borders; border < end; border += 18)
    for (int i = 0; i < 8; i++) {
      float above = border[i], below = border[-1 - i];
      border[-1 - i] = above * alias_ca[i] + below * alias_cs[i];
      border[i] = above * alias_cs[i] - below * alias_ca[i];
    }
}

/* ---- vectors ---- */

#define TIER_AVX512_BYTES 32
#define TIER_SOURCE "lame/kernels/mdct_vector.h"
#include "common/tiers.h"

#define MDCT_KERNELS(tier) {long_blocks_##tier, short_blocks_##tier, reduce_alias_##tier}

void mp3a_mdct_select(mp3a_mdct_kernels *kernels, unsigned cpu_flags) {
  MP3A_SELECT_TIER(kernels, MDCT_KERNELS, cpu_flags);
}
