/* Samples on their way from the input's rate to the coded one. LAME's sums, in its order; its
   filters, which it computes for each encoder, are made once for each pair of rates. */

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "common/mpeg.h"
#include "lame/psy_constants.h"

enum {
  REACH = 16,                /* samples that a filter looks ahead */
  SHORT_FILTER = 31,         /* without its last tap; for whole ratios one more */
  MOST_TAPS = SHORT_FILTER + 2,
  MOST_PAIRS = 128,          /* of rates whose filters are kept */
  AT_ONCE = 4
};

_Static_assert((int)MOST_TAPS == MP3A_RESAMPLE_PAST, "past");

/* Two rates, and what follows from them. */
typedef struct conversion {
  int from, to;
  double ratio;
  int taps, is_odd; /* an odd filter lies between two samples */
  int phases;       /* filters between two samples; as many again on the other side */
} conversion;

/* Filters of a pair of rates; tables are added at the front and never freed. */
typedef struct table {
  struct table *next;
  int from, to;
  float rows[][MOST_TAPS];
} table;

static _Atomic(table *) tables;
static atomic_int table_count;

static int common_divisor(int a, int b) { return b == 0 ? a : common_divisor(b, a % b); }

static conversion conversion_of(const SessionConfig_t *cfg) {
  conversion c = {.from = cfg->samplerate_in, .to = cfg->samplerate_out};
  c.ratio = (double)c.from / (double)c.to;
  const int is_whole = fabs(c.ratio - floor(.5 + c.ratio)) < FLT_EPSILON;
  const int length = SHORT_FILTER + is_whole;
  c.taps = length + 1;
  c.is_odd = length % 2;
  c.phases = c.to / common_divisor(c.to, c.from);
  if (c.phases > BPC) c.phases = BPC;
  return c;
}

/* ---- filters ---- */

/* Blackman's window times the lowpass at `cutoff`, `at` samples after the filter's begin. */
static float tap_at(float at, float cutoff, int length) {
  const float omega = PI * cutoff;
  float x = at / length;
  x = x < 0 ? 0 : x > 1 ? 1 : x;
  const float from_middle = x - .5;
  const float window = 0.42 - 0.5 * cos(2 * x * PI) + 0.08 * cos(4 * x * PI);
  if (fabs(from_middle) < 1e-9) return omega / PI;
  return window * sin(length * omega * from_middle) / (PI * length * from_middle);
}

/* One filter, of those from half a sample before to half a sample behind. */
static void make_row(const conversion *c, int index, float *row) {
  const float exact = 1.00 / c->ratio;
  const float cutoff = exact > 1 ? 1 : exact;
  const float offset = (index - c->phases) / (2. * c->phases);
  float sum = 0;
  for (int i = 0; i < c->taps; i++) sum += row[i] = tap_at(i - offset, cutoff, c->taps - 1);
  for (int i = 0; i < c->taps; i++) row[i] /= sum;
}

static table *make_table(const conversion *c) {
  if (atomic_fetch_add(&table_count, 1) >= MOST_PAIRS) return NULL;
  const size_t row_count = 2 * (size_t)c->phases + 1;
  table *t = malloc(sizeof *t + row_count * sizeof *t->rows);
  if (!t) {
    atomic_fetch_sub(&table_count, 1);
    return NULL;
  }
  t->from = c->from, t->to = c->to;
  for (size_t i = 0; i < row_count; i++) make_row(c, (int)i, t->rows[i]);
  t->next = atomic_load(&tables);
  while (!atomic_compare_exchange_weak(&tables, &t->next, t)) {}
  return t;
}

/* NULL where there is no memory: then each filter is made where it is needed. Two threads may
   make the same table at once, and both stay. */
static const table *find_table(const conversion *c) {
  for (const table *t = atomic_load(&tables); t; t = t->next)
    if (t->from == c->from && t->to == c->to) return t;
  return make_table(c);
}

/* ---- sums ---- */

static float sum_of(const float *samples, const float *row, int taps) {
  float sum = 0;
  for (int i = 0; i < taps; i++) sum += samples[i] * row[i];
  return sum;
}

/* Each in its own order, but next to one another: one alone would wait for each addition. */
static void sums_of(const float *const samples[AT_ONCE], const float *const rows[AT_ONCE],
                    int taps, float *out) {
  float a = 0, b = 0, c = 0, d = 0;
  for (int i = 0; i < taps; i++) {
    a += samples[0][i] * rows[0][i];
    b += samples[1][i] * rows[1][i];
    c += samples[2][i] * rows[2][i];
    d += samples[3][i] * rows[3][i];
  }
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

/* An output: its first sample, before the block's begin if below 0, and its filter. */
typedef struct output {
  int first, row;
} output;

/* floor(), which is a call without SSE4.1, of what an int holds. */
static inline int whole(double x) {
  const int toward_zero = (int)x;
  return toward_zero - (x < toward_zero);
}

/* Where output `k` of a block lies, of which the first lies `lead` before the block. */
static int place(const conversion *c, double lead, int k, output *o) {
  const double time = k * c->ratio;
  const int at = whole(time - lead);
  const float offset = time - lead - (at + .5 * c->is_odd);
  const int row = whole((offset * 2 * c->phases) + c->phases + .5);
  o->first = at - (c->taps - 1) / 2;
  o->row = row < 0 ? 0 : row > 2 * c->phases ? 2 * c->phases : row;
  return at;
}

static float border_sum(const conversion *c, const table *t, const float *past,
                        const float *block, output o) {
  float window[MOST_TAPS], own_row[MOST_TAPS];
  for (int i = 0; i < c->taps; i++) {
    const int at = o.first + i;
    window[i] = at < 0 ? past[c->taps + at] : block[at];
  }
  if (!t) make_row(c, o.row, own_row);
  return sum_of(window, t ? t->rows[o.row] : own_row, c->taps);
}

static void fill_channel(const conversion *c, const table *t, const float *past,
                         const float *block, const output *outputs, int count, float *out) {
  int k = 0;
  while (k < count) {
    if (!t || outputs[k].first < 0 || count - k < AT_ONCE) {
      out[k] = border_sum(c, t, past, block, outputs[k]);
      k++;
      continue;
    }
    const float *samples[AT_ONCE], *rows[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++) {
      samples[i] = block + outputs[k + i].first;
      rows[i] = t->rows[outputs[k + i].row];
    }
    sums_of(samples, rows, c->taps, out + k);
    k += AT_ONCE;
  }
}

static void remember(const conversion *c, const float *block, int used, float *past) {
  const int kept = used < c->taps ? c->taps - used : 0;
  memmove(past, past + c->taps - kept, (size_t)kept * sizeof *past);
  memcpy(past + kept, block + used - (c->taps - kept), (size_t)(c->taps - kept) * sizeof *past);
}

static void convert(lame_internal_flags *gfc, sample_t *const to[2], sample_t const *const in[2],
                    int count, int *taken, int *given) {
  mp3a_resample_state *state = &((mp3a_psy_constants *)gfc->cd_psy)->resample;
  const conversion c = conversion_of(&gfc->cfg);
  const table *t = find_table(&c);
  const int wanted = MP3A_LINES * gfc->cfg.mode_gr;
  output outputs[MP3A_LARGEST_MP3_FRAME];
  int k, at = 0;
  for (k = 0; k < wanted; k++) {
    at = place(&c, state->lead, k, &outputs[k]);
    if (REACH + at >= count) break;
  }
  for (int ch = 0; ch < gfc->cfg.channels_out; ch++)
    fill_channel(&c, t, state->past[ch], in[ch], outputs, k, to[ch] + gfc->sv_enc.mf_size);
  *taken = REACH + at < count ? REACH + at : count;
  *given = k;
  state->lead += *taken - k * c.ratio;
  state->is_used = 1;
  for (int ch = 0; ch < gfc->cfg.channels_out; ch++)
    remember(&c, in[ch], *taken, state->past[ch]);
}

void fill_buffer(lame_internal_flags *gfc, sample_t *const mfbuf[2],
                 sample_t const *const in_buffer[2], int count, int *taken, int *given) {
  const int frame_size = MP3A_LINES * gfc->cfg.mode_gr;
  if (isResamplingNecessary(&gfc->cfg)) {
    convert(gfc, mfbuf, in_buffer, count, taken, given);
    return;
  }
  *taken = *given = count < frame_size ? count : frame_size;
  for (int ch = 0; ch < gfc->cfg.channels_out; ch++)
    memcpy(mfbuf[ch] + gfc->sv_enc.mf_size, in_buffer[ch], (size_t)*taken * sizeof(sample_t));
}
