#include "common/resampler.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

/* What passes, as a part of the lower rate's half. */
static const double CUTOFF = 0.9190632104873657;

/* How many samples of the lower rate the filter reaches to either side. */
static const double REACH = 45.65;

/* The window: Kaiser's, times a polynomial in the squared distance. */
static const double KAISER_BETA = 12.15;
static const double WINDOW[3] = {1.00000008, -0.0377997, -0.00668128};

enum {
  WHOLE_REACH = 46,
  STEPS = 2048, /* values of the filter between two samples of the lower rate, and lines between */
  VALUE_COUNT = WHOLE_REACH * STEPS + 2,
  MOST_WEIGHTS = 1 << 18, /* that are kept: those of all positions between two samples */
  LANES = 8,
  MOST_CHANNELS = 2
};

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float lanes_unaligned
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

struct mp3a_resampler {
  double step, steps_per_sample; /* outputs lie `step` apart, samples `steps_per_sample` */
  double scale;                  /* of the filter: below 1 where the rate falls */
  double position;               /* of the next output, in steps from the first sample heard */
  double first;                  /* which one that is, in steps: what is kept begins here */
  int channel_count;
  uint32_t reach, tap_count;     /* taps: a whole number of lanes, the last ones may be 0 */
  uint32_t heard_count, capacity;
  bool keeps_weights;
  bool *are_made;  /* by position between two samples */
  float *weights;  /* the same, `tap_count` each */
  float *heard[MOST_CHANNELS];
};

/* ---- the filter ---- */

/* sin(pi x)/(pi x): that of C libraries differs in its last bit. */
static double sinc(double x) {
  if (x == 0) return 1;
  const double turns = floor(x + 0.5), angle = PI * (x - turns), square = angle * angle;
  double term = angle, sum = angle;
  for (int n = 2; n < 26; n += 2) {
    term *= -square / (n * (n + 1));
    sum += term;
  }
  return (fmod(turns, 2) == 0 ? sum : -sum) / (PI * x);
}

/* The Bessel function I0 of the root of 4 `quarter`. */
static double bessel_i0(double quarter) {
  double term = 1, sum = 1;
  for (int n = 1; term > 1e-17 * sum; n++) {
    term *= quarter / ((double)n * n);
    sum += term;
  }
  return sum;
}

static double filter_at(double distance, double bessel_of_beta) {
  const double ratio = distance / REACH, part = ratio * ratio;
  if (part >= 1) return 0;
  const double quarter = KAISER_BETA * KAISER_BETA / 4;
  const double kaiser = bessel_i0(quarter * (1 - part)) / bessel_of_beta;
  const double polynomial = WINDOW[0] + part * (WINDOW[1] + part * WINDOW[2]);
  return CUTOFF * polynomial * kaiser * sinc(CUTOFF * distance);
}

static pthread_mutex_t filter_mutex = PTHREAD_MUTEX_INITIALIZER;
static double *filter; /* its right half, made at the first use and never freed */

static const double *filter_values(void) {
  pthread_mutex_lock(&filter_mutex);
  if (!filter) {
    filter = malloc(VALUE_COUNT * sizeof *filter);
    const double bessel_of_beta = bessel_i0(KAISER_BETA * KAISER_BETA / 4);
    for (int i = 0; filter && i < VALUE_COUNT; i++)
      filter[i] = filter_at((double)i / STEPS, bessel_of_beta);
  }
  const double *values = filter;
  pthread_mutex_unlock(&filter_mutex);
  return values;
}

/* The weights of the samples around an output that lies `phase` steps behind one of them. */
static void make_weights(const mp3a_resampler *r, double phase, float *weights) {
  const double *values = filter; /* there is one as long as there are resamplers */
  for (uint32_t k = 0; k < r->tap_count; k++) {
    const double from_output = (double)k - (r->reach - 1) - phase / r->steps_per_sample;
    const double distance = fabs(from_output) * r->scale * STEPS;
    const uint32_t index = distance < VALUE_COUNT - 2 ? (uint32_t)distance : VALUE_COUNT - 2;
    const double rest = distance - index < 1 ? distance - index : 1;
    const double value = values[index] + (values[index + 1] - values[index]) * rest;
    weights[k] = k < 2 * r->reach ? (float)(r->scale * value) : 0;
  }
}

/* ---- outputs ---- */

static const float *weights_for(mp3a_resampler *r, double phase) {
  if (!r->keeps_weights) {
    make_weights(r, phase, r->weights);
    return r->weights;
  }
  const size_t index = (size_t)phase;
  float *weights = r->weights + index * r->tap_count;
  if (!r->are_made[index]) make_weights(r, phase, weights);
  r->are_made[index] = true;
  return weights;
}

static float sum_of(const float *samples, const float *weights, uint32_t count) {
  lanes sums = {0};
  for (uint32_t i = 0; i < count; i += LANES)
    sums += *(const lanes_unaligned *)(samples + i) * *(const lanes_unaligned *)(weights + i);
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

uint32_t mp3a_resampler_pull(mp3a_resampler *r, float *const planes[2], uint32_t capacity) {
  uint32_t written = 0;
  for (; written < capacity; written++, r->position += r->step) {
    const double at = r->position - r->first;
    const double sample = floor(at / r->steps_per_sample);
    const uint64_t begin = (uint64_t)sample; /* of the taps: the first sample heard lies before */
    if (begin + 2 * r->reach > r->heard_count) break;
    const float *weights = weights_for(r, at - sample * r->steps_per_sample);
    for (int channel = 0; channel < r->channel_count; channel++)
      planes[channel][written] = sum_of(r->heard[channel] + begin, weights, r->tap_count);
  }
  return written;
}

/* Drops what no output needs any more. */
static void make_room(mp3a_resampler *r) {
  const double whole = floor((r->position - r->first) / r->steps_per_sample);
  const uint32_t dropped = whole < r->heard_count ? (uint32_t)whole : r->heard_count;
  for (int channel = 0; channel < r->channel_count; channel++)
    memmove(r->heard[channel], r->heard[channel] + dropped,
            (r->heard_count - dropped) * sizeof(float));
  r->heard_count -= dropped;
  r->first += dropped * r->steps_per_sample;
}

void mp3a_resampler_push(mp3a_resampler *r, const float *const planes[2], uint32_t count) {
  if (r->heard_count + count > r->capacity - LANES) make_room(r);
  for (int channel = 0; channel < r->channel_count; channel++) {
    float *to = r->heard[channel] + r->heard_count;
    if (planes[channel]) memcpy(to, planes[channel], count * sizeof *to);
    else memset(to, 0, count * sizeof *to);
  }
  r->heard_count += count;
}

uint32_t mp3a_resampler_reach(const mp3a_resampler *r) { return r->reach; }

/* ---- its memory ---- */

static double common_divisor(double a, double b) {
  return b == 0 ? a : common_divisor(b, fmod(a, b));
}

static void set_rates(mp3a_resampler *r, double from_hz, double to_hz) {
  const bool are_whole = from_hz == floor(from_hz) && to_hz == floor(to_hz);
  const double divisor = are_whole ? common_divisor(from_hz, to_hz) : 1;
  r->step = from_hz / divisor;
  r->steps_per_sample = to_hz / divisor;
  r->scale = to_hz < from_hz ? to_hz / from_hz : 1;
  r->reach = (uint32_t)ceil(REACH / r->scale);
  r->tap_count = (2 * r->reach + LANES - 1) / LANES * LANES;
  r->keeps_weights = are_whole && r->steps_per_sample * r->tap_count <= MOST_WEIGHTS;
}

static bool allocate(mp3a_resampler *r) {
  const size_t phase_count = r->keeps_weights ? (size_t)r->steps_per_sample : 1;
  /* Where the rate falls one output needs many pieces; and the last taps read on. */
  r->capacity = 2 * r->tap_count + 4 * MP3A_RESAMPLER_PIECE + LANES;
  r->are_made = calloc(phase_count, sizeof *r->are_made);
  r->weights = malloc(phase_count * r->tap_count * sizeof *r->weights);
  bool has_all = r->are_made && r->weights && filter_values();
  for (int channel = 0; channel < r->channel_count; channel++) {
    r->heard[channel] = calloc(r->capacity, sizeof(float));
    has_all &= r->heard[channel] != NULL;
  }
  return has_all;
}

mp3a_resampler *mp3a_resampler_create(double from_hz, double to_hz, int channel_count,
                                      uint32_t first_input, uint32_t first_output) {
  mp3a_resampler *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->channel_count = channel_count;
  set_rates(r, from_hz, to_hz);
  r->position = first_input * r->steps_per_sample + first_output * r->step;
  /* Silence before the first sample, as far as the filter reaches. */
  r->first = 0;
  r->heard_count = r->reach - 1;
  if (allocate(r)) return r;
  mp3a_resampler_destroy(r);
  return NULL;
}

void mp3a_resampler_destroy(mp3a_resampler *r) {
  if (!r) return;
  free(r->are_made);
  free(r->weights);
  for (int channel = 0; channel < MOST_CHANNELS; channel++) free(r->heard[channel]);
  free(r);
}
