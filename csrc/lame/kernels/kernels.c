#include "lame/kernels/kernels.h"

#include <stdatomic.h>

enum { TABLE_EMPTY, TABLE_FILLING, TABLE_READY };

static mp3a_kernel_table machine_table;
static atomic_int table_state = TABLE_EMPTY;

void mp3a_kernels_fill(mp3a_kernel_table *table, unsigned cpu_flags) {
  table->cpu_flags = cpu_flags;
  mp3a_attack_select(&table->attack, cpu_flags);
  mp3a_bitstream_select(&table->bitstream, cpu_flags);
  mp3a_filterbank_select(&table->filterbank, cpu_flags);
  mp3a_fht_select(&table->fht, cpu_flags);
  mp3a_masking_select(&table->masking, cpu_flags);
  mp3a_mdct_select(&table->mdct, cpu_flags);
  mp3a_huffman_count_select(&table->huffman_count, cpu_flags);
  mp3a_quantize_select(&table->quantize, cpu_flags);
  mp3a_xrpow_select(&table->xrpow, cpu_flags);
}

/* The first caller fills the table; whoever comes meanwhile waits the few
   microseconds that takes. */
static void fill_machine_table_once(void) {
  int expected = TABLE_EMPTY;
  if (atomic_compare_exchange_strong(&table_state, &expected, TABLE_FILLING)) {
    mp3a_kernels_fill(&machine_table, mp3a_cpu_detect());
    atomic_store_explicit(&table_state, TABLE_READY, memory_order_release);
    return;
  }
  while (atomic_load_explicit(&table_state, memory_order_acquire) != TABLE_READY) {
  }
}

const mp3a_kernel_table *mp3a_kernels(void) {
  if (atomic_load_explicit(&table_state, memory_order_acquire) != TABLE_READY)
    fill_machine_table_once();
  return &machine_table;
}

void mp3a_kernels_limit(unsigned mask) {
  mp3a_kernels_fill(&machine_table, mp3a_cpu_detect() & mask);
  atomic_store_explicit(&table_state, TABLE_READY, memory_order_release);
}
