/* The SIMD kernels that take the place of LAME's hot functions: one table of
   function pointers, filled for what the machine can run. Each kernel has its
   file, with its scalar twin, in this folder; every variant gives the scalar
   twin's bits exactly. */
#ifndef MP3A_KERNELS_H
#define MP3A_KERNELS_H

#include <stdatomic.h>

#include "common/cpu.h"
#include "lame/kernels/attack.h"
#include "lame/kernels/band_factors.h"
#include "lame/kernels/fht.h"
#include "lame/kernels/filterbank.h"
#include "lame/kernels/huffman_lengths.h"
#include "lame/kernels/huffman_sums.h"
#include "lame/kernels/masking.h"
#include "lame/kernels/mdct.h"
#include "lame/kernels/noisy_steps.h"
#include "lame/kernels/pair_keys.h"
#include "lame/kernels/quantize.h"
#include "lame/kernels/xrpow.h"

typedef struct mp3a_kernel_table {
  unsigned cpu_flags; /* the sets this table was filled for */
  mp3a_attack_kernels attack;
  mp3a_band_factors_kernels band_factors;
  mp3a_fht_kernels fht;
  mp3a_filterbank_kernels filterbank;
  mp3a_huffman_lengths_kernels huffman;
  mp3a_huffman_sums_kernels huffman_sums;
  mp3a_masking_kernels masking;
  mp3a_mdct_kernels mdct;
  mp3a_pair_keys_kernels pair_keys;
  mp3a_quantize_kernels quantize;
  mp3a_noisy_steps_kernels steps;
  mp3a_xrpow_kernels xrpow;
} mp3a_kernel_table;

/* Fills `table`: first every scalar twin, then each tier that `cpu_flags` has.
   Tests call it with part of the flags. */
void mp3a_kernels_fill(mp3a_kernel_table *table, unsigned cpu_flags);

/* The table for this machine, once mp3a_find_kernels() has been called; null before. */
extern const mp3a_kernel_table *_Atomic mp3a_kernels_found;
const mp3a_kernel_table *mp3a_find_kernels(void);

/* The table for this machine. Thread-safe. */
static inline const mp3a_kernel_table *mp3a_kernels(void) {
  const mp3a_kernel_table *found =
      atomic_load_explicit(&mp3a_kernels_found, memory_order_acquire);
  return found ? found : mp3a_find_kernels();
}

/* Limits the machine's table to the sets in `mask`: for tests, while no
   encoder runs. */
void mp3a_kernels_limit(unsigned mask);

#endif
