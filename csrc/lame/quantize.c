/* Quantization: takes the place of LAME's count_bits (takehiro.c is compiled
   with that name ending in _lame). */
#include "lame/quantize.h"

#include <string.h>

#include "lame/kernels/kernels.h"

/* A run of neighbouring bands that are to be quantized alike. */
typedef enum { RUN_NONE, RUN_FULL, RUN_ZERO_ONE } run_kind;

typedef struct {
  run_kind kind;
  int begin, end;
} line_run;

static void quantize_run(const line_run *run, const FLOAT *powers, FLOAT scale, int *quantized) {
  int count = run->end - run->begin;
  if (run->kind == RUN_FULL)
    mp3a_kernels()->quantize.lines(powers + run->begin, scale, count, quantized + run->begin);
  if (run->kind == RUN_ZERO_ONE) {
    FLOAT const limit = (1.0f - 0.4054f) / scale;
    for (int i = run->begin; i < run->end; i++) quantized[i] = limit > powers[i] ? 0 : 1;
  }
}

/* More bands than there are, if not all: without a rest that isn't a vector. */
static inline int whole_vectors(int bands) {
  int const whole = (bands + 7) & ~7;
  return whole < SFBMAX ? whole : SFBMAX;
}

mp3a_gains mp3a_gains_of(gr_info const *granule) {
  return (mp3a_gains){granule->global_gain, granule->scalefac_scale + 1, granule->preflag,
                      granule->scalefac,    granule->window,             granule->subblock_gain};
}

void mp3a_band_steps(gr_info const *granule, int bands, int step[SFBMAX]) {
  mp3a_gains const gains = mp3a_gains_of(granule);
  mp3a_find_steps(&gains, whole_vectors(bands), step);
}

/* Against the last counted noise: a band whose step is the same keeps its
   values, while the global gain is the same; from where the last quantization
   had only ones, a band with no finer step has only ones again. */
static void find_kinds(gr_info const *granule, calc_noise_data const *before, int bands,
                       int kinds[SFBMAX]) {
  int const keeps_same = granule->global_gain == before->global_gain;
  int const ones = before->sfb_count1 > 0 ? before->sfb_count1 : SFBMAX;
  int step[SFBMAX];
  mp3a_band_steps(granule, bands, step);
  for (int sfb = 0; sfb < whole_vectors(bands); sfb++) {
    int const last = before->step[sfb], is_same = -keeps_same & -(last == step[sfb]);
    int const is_ones = -(sfb >= ones) & -(last > 0) & -(step[sfb] >= last);
    kinds[sfb] = ~is_same & (RUN_FULL + (is_ones & (RUN_ZERO_ONE - RUN_FULL)));
  }
}

/* Lines from max_nonzero_coeff + 1 on are 0; max_nonzero_coeff is odd. The band that
   holds the last line to code is quantized in any case unless it is kept. */
static void quantize_changed(const FLOAT *powers, gr_info *granule,
                             calc_noise_data const *before, FLOAT scale) {
  int const lines = granule->max_nonzero_coeff + 1;
  int const bands = granule->block_type == SHORT_TYPE ? 39 : 22;
  int kinds[SFBMAX], *quantized = granule->l3_enc;
  line_run run = {RUN_NONE, 0, 0};
  find_kinds(granule, before, bands, kinds);
  for (int sfb = 0, begin = 0; sfb < bands; sfb++) {
    int end = begin + granule->width[sfb];
    int const is_last = end >= lines && kinds[sfb] != RUN_NONE;
    run_kind const kind = is_last ? RUN_FULL : (run_kind)kinds[sfb];
    if (is_last) {
      memset(quantized + lines - 1, 0, sizeof(int) * (MP3A_LINES + 1 - lines));
      end = lines > begin ? lines : begin;
    }
    if (kind != run.kind) {
      quantize_run(&run, powers, scale, quantized);
      run = (line_run){kind, begin, begin};
    }
    run.end = end;
    if (is_last) break;
    begin = end;
  }
  quantize_run(&run, powers, scale, quantized);
}

static void quantize_all(const FLOAT *powers, gr_info *granule, FLOAT scale) {
  int const lines = granule->max_nonzero_coeff + 1;
  memset(granule->l3_enc + lines - 1, 0, sizeof(int) * (MP3A_LINES + 1 - lines));
  mp3a_kernels()->quantize.lines(powers, scale, lines, granule->l3_enc);
}

/* Substep shaping: in the bands marked for it, only what exceeds a half of the
   first step stays. */
static void shape_substeps(QntStateVar_t const *state, const FLOAT *powers, gr_info *granule) {
  FLOAT const limit =
      0.634521682242439 / ipow20[granule->global_gain + granule->scalefac_scale];
  for (int sfb = 0, begin = 0; sfb < granule->sfbmax; sfb++) {
    int end = begin + granule->width[sfb];
    if (state->pseudohalf[sfb]) {
      for (; sfb + 1 < granule->sfbmax && state->pseudohalf[sfb + 1]; sfb++)
        end += granule->width[sfb + 1];
      mp3a_kernels()->quantize.drop_small(powers + begin, limit, end - begin,
                                          granule->l3_enc + begin);
    }
    begin = end;
  }
}

int count_bits(lame_internal_flags const *const gfc, const FLOAT *const powers,
               gr_info *const granule, calc_noise_data *before) {
  FLOAT const scale = ipow20[granule->global_gain];
  FLOAT const limit = IXMAX_VAL / scale;
  if (granule->xrpow_max > limit) return LARGE_BITS;
  if (before)
    quantize_changed(powers, granule, before, scale);
  else
    quantize_all(powers, granule, scale);
  if (gfc->sv_qnt.substep_shaping & 2) shape_substeps(&gfc->sv_qnt, powers, granule);
  return noquant_count_bits(gfc, granule, before);
}
