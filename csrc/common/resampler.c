#include "common/resampler.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/once.h"
#include "mp3augment.h"

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
  MOST_CHANNELS = 2
};

struct mp3a_resampler {
  double step, steps_per_sample; /* outputs lie `step` apart, samples `steps_per_sample` */
  double whole_samples, rest;    /* of a step: so many samples and so much more */
  double scale;                  /* of the filter: below 1 where the rate falls */
  uint64_t begin;                /* of the next output's taps, in what is kept */
  double phase;                  /* how many steps that output lies behind a sample */
  mp3a_resampler_sum sum;
  int channel_count;
  uint32_t reach, tap_count;     /* taps: a whole number of lanes, the first ones may be 0 */
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
  const uint32_t unused = r->tap_count - 2 * r->reach;
  for (uint32_t k = 0; k < unused; k++) weights[k] = 0;
  for (uint32_t k = 0; k < 2 * r->reach; k++) {
    const double from_output = (double)k - (r->reach - 1) - phase / r->steps_per_sample;
    const double distance = fabs(from_output) * r->scale * STEPS;
    const uint32_t index = distance < VALUE_COUNT - 2 ? (uint32_t)distance : VALUE_COUNT - 2;
    const double rest = distance - index < 1 ? distance - index : 1;
    const double value = values[index] + (values[index + 1] - values[index]) * rest;
    weights[unused + k] = (float)(r->scale * value);
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

static float total_of(const float lanes[MP3A_RESAMPLER_LANES]) {
  float halves[MP3A_RESAMPLER_LANES];
  memcpy(halves, lanes, sizeof halves);
  for (int half = MP3A_RESAMPLER_LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) halves[i] += halves[i + half];
  return halves[0];
}

static void sum_scalar(const float *const samples[2], const float *weights, uint32_t count,
                       float totals[2]) {
  for (int channel = 0; channel < 2 && samples[channel]; channel++) {
    float lanes[MP3A_RESAMPLER_LANES] = {0};
    for (uint32_t i = 0; i < count; i += MP3A_RESAMPLER_LANES)
      for (uint32_t k = 0; k < MP3A_RESAMPLER_LANES; k++)
        lanes[k] += samples[channel][i + k] * weights[i + k];
    totals[channel] = total_of(lanes);
  }
}

#define TIER_SOURCE "common/resampler_vector.h"
#include "common/tiers.h"

#define SUM(tier) sum_##tier

void mp3a_resampler_select(mp3a_resampler_sum *sum, unsigned cpu_flags) {
  MP3A_SELECT_TIER(sum, SUM, cpu_flags);
}

static mp3a_resampler_sum chosen_sum(void) {
  static mp3a_resampler_sum sum;
  static mp3a_once once;
  if (mp3a_once_begin(&once)) {
    mp3a_resampler_select(&sum, mp3a_cpu_detect());
    mp3a_once_end(&once);
  }
  return sum;
}

/* To the next output. */
static void advance(mp3a_resampler *r) {
  r->begin += (uint64_t)r->whole_samples;
  r->phase += r->rest;
  if (r->phase < r->steps_per_sample) return;
  r->phase -= r->steps_per_sample;
  r->begin++;
}

uint32_t mp3a_resampler_pull(mp3a_resampler *r, float *const planes[2], uint32_t capacity) {
  uint32_t written = 0;
  for (; written < capacity && r->begin + r->tap_count <= r->heard_count; written++) {
    const float *const heard[2] = {r->heard[0] + r->begin,
                                   r->heard[1] ? r->heard[1] + r->begin : NULL};
    float totals[2];
    r->sum(heard, weights_for(r, r->phase), r->tap_count, totals);
    for (int channel = 0; channel < r->channel_count; channel++)
      planes[channel][written] = totals[channel];
    advance(r);
  }
  return written;
}

/* Drops what no output needs any more. */
static void make_room(mp3a_resampler *r) {
  const uint32_t dropped = r->begin < r->heard_count ? (uint32_t)r->begin : r->heard_count;
  for (int channel = 0; channel < r->channel_count; channel++)
    memmove(r->heard[channel], r->heard[channel] + dropped,
            (r->heard_count - dropped) * sizeof(float));
  r->heard_count -= dropped;
  r->begin -= dropped;
}

void mp3a_resampler_push(mp3a_resampler *r, const float *const planes[2], uint32_t count) {
  if (r->heard_count + count > r->capacity) make_room(r);
  for (int channel = 0; channel < r->channel_count; channel++) {
    float *to = r->heard[channel] + r->heard_count;
    if (planes[channel]) memcpy(to, planes[channel], count * sizeof *to);
    else memset(to, 0, count * sizeof *to);
  }
  r->heard_count += count;
}

uint32_t mp3a_resampler_reach(const mp3a_resampler *r) { return r->reach; }

/* ---- one channel, for others ---- */

struct mp3a_resample_stream {
  mp3a_resampler *resampler;
  double outputs_per_input;
};

static bool is_float_pointer(const float *pointer) {
  return pointer && (uintptr_t)pointer % _Alignof(float) == 0;
}

static bool is_rate(double hz) { return hz >= MP3A_LOWEST_RATE_HZ && hz <= MP3A_HIGHEST_RATE_HZ; }

mp3a_resample_stream *mp3a_resample_stream_create(double from_hz, double to_hz, int32_t *status) {
  *status = is_rate(from_hz) && is_rate(to_hz) ? MP3A_OK : MP3A_UNSUPPORTED_SAMPLE_RATE;
  if (*status != MP3A_OK) return NULL;
  mp3a_resample_stream *stream = malloc(sizeof *stream);
  if (stream) {
    stream->resampler = mp3a_resampler_create(from_hz, to_hz, 1, 0, 0);
    stream->outputs_per_input = to_hz / from_hz;
    if (stream->resampler) return stream;
  }
  free(stream);
  *status = MP3A_OUT_OF_MEMORY;
  return NULL;
}

void mp3a_resample_stream_destroy(mp3a_resample_stream *stream) {
  if (!stream) return;
  mp3a_resampler_destroy(stream->resampler);
  free(stream);
}

uint32_t mp3a_resample_stream_capacity(const mp3a_resample_stream *stream, uint32_t frame_count) {
  if (!stream || frame_count > MP3A_MAX_STREAM_FRAMES) return 0;
  return (uint32_t)(frame_count * stream->outputs_per_input) + 2;
}

int32_t mp3a_resample_stream_write(mp3a_resample_stream *stream, const float *samples,
                                   uint32_t frame_count, float *out, uint32_t capacity,
                                   uint32_t *written_count) {
  if (!stream || !written_count || !is_float_pointer(samples) || !is_float_pointer(out))
    return MP3A_INVALID_AUDIO;
  if (frame_count == 0) return MP3A_EMPTY_AUDIO;
  if (frame_count > MP3A_MAX_STREAM_FRAMES) return MP3A_INVALID_AUDIO;
  if (capacity < mp3a_resample_stream_capacity(stream, frame_count)) return MP3A_INVALID_AUDIO;
  *written_count = 0;
  for (uint32_t at = 0, count; at < frame_count; at += count) {
    const uint32_t left = frame_count - at;
    count = left < MP3A_RESAMPLER_PIECE ? left : MP3A_RESAMPLER_PIECE;
    const float *const in[2] = {samples + at, NULL};
    float *const next[2] = {out + *written_count, NULL};
    mp3a_resampler_push(stream->resampler, in, count);
    *written_count += mp3a_resampler_pull(stream->resampler, next, capacity - *written_count);
  }
  return MP3A_OK;
}

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
  const uint32_t lanes = MP3A_RESAMPLER_LANES;
  r->tap_count = (2 * r->reach + lanes - 1) / lanes * lanes;
  r->whole_samples = floor(r->step / r->steps_per_sample);
  r->rest = r->step - r->whole_samples * r->steps_per_sample;
  r->keeps_weights = are_whole && r->steps_per_sample * r->tap_count <= MOST_WEIGHTS;
}

static bool allocate(mp3a_resampler *r) {
  const size_t phase_count = r->keeps_weights ? (size_t)r->steps_per_sample : 1;
  r->capacity = 2 * r->tap_count + 4 * MP3A_RESAMPLER_PIECE;
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
  r->sum = chosen_sum();
  const double position = first_input * r->steps_per_sample + first_output * r->step;
  const double sample = floor(position / r->steps_per_sample);
  r->begin = (uint64_t)sample;
  r->phase = position - sample * r->steps_per_sample;
  /* Silence before the first sample, as far as the filter reaches. */
  r->heard_count = r->tap_count - r->reach - 1;
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
