/* Simultaneous masking: partition energies, their tonality, and the additive
   spreading of each partition's energy over its neighbours. For one partition
   the maskers add up in order and can't be reordered, but the partitions are
   independent: a lane holds one, and step d adds the masker d places away. */
#include "lame/kernels/masking.h"

#include <string.h>

#include "common/cpu.h"

enum { MOST_LINES = 513 };

/* Factor on a masker by how tonal its surroundings are (0: noise, 8: a tone). */
static const float tonality_factor[9] = {1.0,     0.79433, 0.63096, 0.63096, 0.63096,
                                         0.63096, 0.63096, 0.25119, 0.11749};
/* So many partitions away a masker still adds up, by tonality. */
static const int additive_reach[9] = {2, 2, 2, 1, 1, 1, 0, 0, -1};
/* The same turned round: the last index that still adds up at a distance. */
static const int last_near[3] = {7, 5, 2};
const float mp3a_additive_factor[MP3A_MASKING_STEPS + 1] = {
    1.33352 * 1.33352, 1.35879 * 1.35879, 1.38454 * 1.38454, 1.39497 * 1.39497, 1.40548 * 1.40548,
    1.3537 * 1.3537,   1.30382 * 1.30382, 1.22321 * 1.22321, 1.14758 * 1.14758, 1};
/* From this ratio on (15 dB) the weaker of two distant maskers doesn't count. */
static const float dominance = 31.622776601683793;

/* How much a threshold may rise from one granule to the next, and over two. */
static const float most_rise = 2, most_rise_of_two = 16;
/* Of mid and side, before their sum and difference: sqrt(2) / 2. */
static const float half_sqrt2 = 1.41421356237309504880 * 0.5f;

/* ---- scalar ---- */

static float line_of(const float *left, const float *right, int channel, int k) {
  if (channel < 2) return channel ? right[k] : left[k];
  return (channel == 2 ? left[k] + right[k] : left[k] - right[k]) * half_sqrt2;
}

static void line_energies(const float *left, const float *right, int size, int channel,
                          float *energy) {
  float const first = line_of(left, right, channel, 0);
  energy[0] = first * first;
  for (int k = 1; k <= size / 2; k++) {
    float const re = line_of(left, right, channel, k);
    float const im = line_of(left, right, channel, size - k);
    energy[k] = (re * re + im * im) * 0.5f;
  }
}

static float weighted_sum(const float *energy, int lines, const float (*weights)[4], int channel) {
  float sum = 0;
  for (int i = 0; i < lines; i++)
    sum += weights[i][channel] != 0 ? energy[i] * weights[i][channel] : 0;
  return sum;
}

/* Energy and strongest line of each partition; `mean` has a zero on both sides. */
static void sum_partitions_scalar(const mp3a_partitions *partitions, const float *line,
                                  mp3a_masking *masking, float *mean) {
  for (int b = 0; b < partitions->count; b++) {
    float energy = 0, peak = 0;
    for (const float *end = line + partitions->lines[b]; line < end; line++) {
      energy += *line;
      if (peak < *line) peak = *line;
    }
    masking->energy[b] = energy;
    masking->peak[b] = peak;
    mean[b] = energy * partitions->inverse_lines[b];
  }
}

static int tonality_index(const mp3a_partitions *partitions, const float *peak, const float *mean,
                          int b) {
  float sum = mean[b - 1] + mean[b] + mean[b + 1];
  if (!(sum > 0)) return 0;
  float strongest = peak[b];
  if (b > 0 && strongest < peak[b - 1]) strongest = peak[b - 1];
  if (b + 1 < partitions->count && strongest < peak[b + 1]) strongest = peak[b + 1];
  float tonality = 20.0f * (strongest * partitions->neighbours[b] - sum) /
                   (sum * partitions->spare_lines[b]);
  return tonality > 8 ? 8 : tonality > 0 ? (int)tonality : 0;
}

static float add_masker(const mp3a_partitions *partitions, float a, float b, int is_near) {
  if (a <= 0) return b;
  if (b <= 0) return a;
  float ratio = b > a ? b / a : a / b;
  if (!is_near) return ratio < dominance ? a + b : b > a ? b : a;
  int step = 0;
  while (step < MP3A_MASKING_STEPS && ratio >= partitions->step[step]) step++;
  return (a + b) * mp3a_additive_factor[step];
}

static void mask_channel_scalar(const mp3a_partitions *partitions, const float *line_energy,
                                mp3a_masking *masking) {
  float padded_mean[MP3A_PARTITIONS + 2] = {0};
  int index[MP3A_PARTITIONS];
  memset(masking, 0, sizeof *masking);
  sum_partitions_scalar(partitions, line_energy, masking, padded_mean + 1);
  for (int b = 0; b < partitions->count; b++)
    index[b] = tonality_index(partitions, masking->peak, padded_mean + 1, b);
  for (int b = 0; b < partitions->count; b++) {
    int reach = additive_reach[index[b]], sum = 0;
    float spread = 0;
    for (int k = partitions->first[b]; k <= partitions->last[b]; k++) {
      int distance = k < b ? b - k : k - b;
      float masker = partitions->spread[k - b - partitions->low][b] * masking->energy[k] *
                     tonality_factor[index[k]];
      spread = add_masker(partitions, spread, masker, distance <= reach);
      sum += index[k];
    }
    int maskers = partitions->last[b] - partitions->first[b] + 1;
    masking->tonality[b] = tonality_factor[(1 + 2 * sum) / (2 * maskers)] * 0.5f;
    masking->threshold[b] = spread * masking->tonality[b];
  }
}

MP3A_SMALL
static void mask_scalar(const mp3a_partitions *partitions, const float *left, const float *right,
                        int size, int channels, const float (*weights)[4],
                        mp3a_masking masking[4], float sums[4]) {
  float energy[MOST_LINES];
  for (int channel = 0; channel < channels; channel++) {
    line_energies(left, right, size, channel, energy);
    mask_channel_scalar(partitions, energy, &masking[channel]);
    sums[channel] = weighted_sum(energy, size / 2 + 1, weights, channel);
  }
}

/* ---- thresholds, scalar ---- */

static inline float lesser(float a, float b) { return a < b ? a : b; }
static inline float greater(float a, float b) { return a > b ? a : b; }

MP3A_SMALL
static void limit_rise_scalar(float *threshold, const float *last, const float *older, int count,
                              int is_among_long) {
  for (int b = 0; b < count; b++) {
    float const spread = threshold[b];
    float limit = most_rise * last[b], older_limit = most_rise_of_two * older[b];
    limit = limit <= 0 ? spread : limit;
    older_limit = older_limit <= 0 ? spread : older_limit;
    limit = is_among_long ? lesser(limit, older_limit) : limit;
    threshold[b] = lesser(spread, limit);
  }
}

MP3A_SMALL
static void limit_scalar(mp3a_masking *masking, const float *levels, const float *peak_shares,
                         float user_level, int count) {
  for (int b = 0; b < count; b++) {
    float const level = levels[b] * user_level, energy = masking->energy[b];
    float limit = masking->peak[b] * peak_shares[b];
    limit *= masking->tonality[b];
    float threshold = lesser(limit, masking->threshold[b]);
    threshold = level > 1 ? threshold * level : threshold;
    threshold = lesser(energy, threshold);
    masking->threshold[b] = level < 1 ? threshold * level : threshold;
  }
}

/* Mid and side of one partition, within what left and right allow. */
static void share_limit(const float threshold[2], float floor, float twice_msfix, float *mid,
                        float *side) {
  float const either = lesser(greater(threshold[0], floor), greater(threshold[1], floor));
  float low_mid = greater(*mid, floor), low_side = greater(*side, floor);
  float const both = low_mid + low_side;
  if (both > 0.f && either * twice_msfix < both) {
    float const share = either * twice_msfix / both;
    low_mid *= share;
    low_side *= share;
  }
  *mid = lesser(low_mid, *mid);
  *side = lesser(low_side, *side);
}

MP3A_SMALL
static void join_scalar(mp3a_masking m[4], const float *level_differences, const float *hearing,
                        float hearing_level, float twice_msfix, int count) {
  for (int b = 0; b < count; b++) {
    float const two[2] = {m[0].threshold[b], m[1].threshold[b]};
    float mid = m[2].threshold[b], side = m[3].threshold[b];
    float const mid_energy = m[2].energy[b], side_energy = m[3].energy[b];
    float const raised_mid = greater(mid, lesser(side, level_differences[b] * side_energy));
    float const raised_side = greater(side, lesser(mid, level_differences[b] * mid_energy));
    int const is_alike = two[0] <= 1.58f * two[1] && two[1] <= 1.58f * two[0];
    mid = is_alike ? raised_mid : mid;
    side = is_alike ? raised_side : side;
    if (twice_msfix > 0.f)
      share_limit(two, hearing[b] * hearing_level, twice_msfix, &mid, &side);
    m[2].threshold[b] = mid > mid_energy ? mid_energy : mid;
    m[3].threshold[b] = side > side_energy ? side_energy : side;
  }
}

/* ---- vectors ---- */

/* The vector tiers multiply absent maskers by 0, which infinity doesn't survive, and compare
   products that must not vanish: samples 10^10 times full scale, or worse, and what is so
   small that it no longer is a normal number, are left to the scalar twin. */
static inline int is_moderate(const float *energy) {
  int is_out = 0;
  for (int b = 0; b < MP3A_PARTITIONS; b++)
    is_out |= (energy[b] < 1e30f) == 0 || (energy[b] > 0 && energy[b] < 1e-20f);
  return !is_out;
}

/* A line of all four channels. */
typedef float quad __attribute__((vector_size(16)));

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define TIER_AVX512_BYTES 64
#define TIER_SOURCE "lame/kernels/masking_vector.h"
#include "common/tiers.h"

#define MASKING_KERNELS(tier) {mask_##tier, limit_rise_##tier, limit_##tier, join_##tier}

void mp3a_masking_select(mp3a_masking_kernels *kernels, unsigned cpu_flags) {
  MP3A_SELECT_TIER(kernels, MASKING_KERNELS, cpu_flags);
}
