#include "lame/kernels/kernels.h"

#include "common/once.h"

static mp3a_kernel_table machine_table;
const mp3a_kernel_table *_Atomic mp3a_kernels_found;

void mp3a_kernels_fill(mp3a_kernel_table *table, unsigned cpu_flags) {
  table->cpu_flags = cpu_flags;
  mp3a_attack_select(&table->attack, cpu_flags);
  mp3a_band_factors_select(&table->band_factors, cpu_flags);
  mp3a_fht_select(&table->fht, cpu_flags);
  mp3a_filterbank_select(&table->filterbank, cpu_flags);
  mp3a_huffman_lengths_select(&table->huffman, cpu_flags);
  mp3a_huffman_sums_select(&table->huffman_sums, cpu_flags);
  mp3a_masking_select(&table->masking, cpu_flags);
  mp3a_mdct_select(&table->mdct, cpu_flags);
  mp3a_noisy_steps_select(&table->steps, cpu_flags);
  mp3a_pair_keys_select(&table->pair_keys, cpu_flags);
  mp3a_quantize_select(&table->quantize, cpu_flags);
  mp3a_xrpow_select(&table->xrpow, cpu_flags);
}

const mp3a_kernel_table *mp3a_find_kernels(void) {
  static mp3a_once once;
  if (mp3a_once_begin(&once)) {
    mp3a_kernels_fill(&machine_table, mp3a_cpu_detect());
    mp3a_once_end(&once);
  }
  atomic_store_explicit(&mp3a_kernels_found, &machine_table, memory_order_release);
  return &machine_table;
}

void mp3a_kernels_limit(unsigned mask) {
  mp3a_kernels();
  mp3a_kernels_fill(&machine_table, mp3a_cpu_detect() & mask);
}
