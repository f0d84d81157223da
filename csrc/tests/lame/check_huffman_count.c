/* Bit counting: the kernels against their scalar twins; noquant_count_bits() and
   best_huffman_divide() against LAME's own, which are still there under another
   name. */
#include "lame/kernels/kernels.h"
#include "tests/lame/granules.h"

int noquant_count_bits_lame(lame_internal_flags const *gfc, gr_info *granule,
                            calc_noise_data *noise);
void best_huffman_divide_lame(const lame_internal_flags *gfc, gr_info *granule);
void check_huffman_count(unsigned cpu_flags, const char *tier, int bench);

enum { GUARD = 32 };

static int values[576 + 1];
static uint8_t keys[2][MP3A_COUNT_KEYS + GUARD];

static void check_kernels(const mp3a_huffman_lengths_kernels *scalar,
                          const mp3a_huffman_lengths_kernels *kernels, const char *tier) {
  for (int round = 0; round < 4000; round++) {
    unsigned lengths[2][3] = {{0}};
    int const count = pick(577);
    random_values(values, 576);
    memset(keys, 0x5a, sizeof keys);
    scalar->pack(values, count, keys[0] + 3);
    kernels->pack(values, count, keys[1] + 3);
    CHECK(memcmp(keys[0], keys[1], sizeof keys[0]) == 0, "%s, pack %d", tier, count);

    int const pairs = count / 2, begin = pick(pairs + 1), end = pick(begin + 1);
    int const ends[MP3A_REGIONS + 1] = {pick(end + 1), end, begin, pairs};
    mp3a_region_lengths found[2][MP3A_REGIONS] = {{{0}}};
    scalar->regions(keys[0] + 3, ends, found[0]);
    kernels->regions(keys[0] + 3, ends, found[1]);
    for (int i = 0; i < MP3A_REGIONS; i++) {
      int const a = found[0][i].largest, b = found[1][i].largest;
      int const counted = a == 0 ? 0 : a == 15 ? 3 : mp3a_candidate_tables[a].count;
      CHECK(a == b && memcmp(found[0][i].lengths, found[1][i].lengths,
                             sizeof(unsigned) * (size_t)counted) == 0,
            "%s, region %d, %d pairs up to %d", tier, i, ends[i + 1] - ends[i], a);
      int const row = a < 15 ? a : 15 + pick(2);
      scalar->row(row, keys[0] + 3 + ends[i], ends[i + 1] - ends[i], lengths[0]);
      kernels->row(row, keys[0] + 3 + ends[i], ends[i + 1] - ends[i], lengths[1]);
      CHECK(memcmp(lengths[0], lengths[1], sizeof lengths[0]) == 0, "%s, %d pairs by row %d", tier,
            pairs, row);
    }
    int coded[2][2];
    scalar->ends(keys[0] + 3, pairs, coded[0]);
    kernels->ends(keys[0] + 3, pairs, coded[1]);
    CHECK(memcmp(coded[0], coded[1], sizeof coded[0]) == 0, "%s, %d of %d pairs are big for %d",
          tier, coded[1][1], pairs, coded[0][1]);
    int const a = scalar->largest(values + begin, count - begin);
    int const b = kernels->largest(values + begin, count - begin);
    CHECK(a == b, "%s, %d values: at most %d for %d", tier, count - begin, b, a);
    for (int i = 0; i < MP3A_COUNT_KEYS; i++) keys[0][i] = (uint8_t)(check_random() & 0x11);
    int const quads = pick(145);
    scalar->quads(keys[0] + count % 7, quads, lengths[0]);
    kernels->quads(keys[0] + count % 7, quads, lengths[1]);
    CHECK(memcmp(lengths[0], lengths[1], 2 * sizeof(unsigned)) == 0, "%s, %d quads", tier, quads);
  }
}

static void check_sums(const mp3a_huffman_sums_kernels *scalar,
                       const mp3a_huffman_sums_kernels *kernels, const char *tier) {
  static mp3a_length_sums sums[2][SBMAX_l + 1];
  int largest[SBMAX_l];
  unsigned bits[2][SBMAX_l];
  for (int round = 0; round < 3000; round++) {
    uint8_t const mask = (uint8_t)(0x11 * (1 + pick(15)));
    for (int i = 0; i < MP3A_COUNT_KEYS; i++) keys[0][i] = (uint8_t)check_random() & mask;
    for (int band = 0; band < SBMAX_l; band++) {
      int const begin = pick(250), pairs = pick(38);
      int const a = scalar->add(sums[0][band], keys[0] + begin, pairs, sums[0][band + 1]);
      int const b = kernels->add(sums[1][band], keys[0] + begin, pairs, sums[1][band + 1]);
      CHECK(a == b, "%s, %d pairs: at most %d for %d", tier, pairs, b, a);
      largest[band] = pick(4) || round % 2 ? a : pick(40) * pick(200);
    }
    CHECK(memcmp(sums[0], sums[1], sizeof sums[0]) == 0, "%s, sums", tier);
    int const fixed = pick(SBMAX_l + 1), direction = pick(2) ? 1 : -1;
    int const count = pick((direction > 0 ? SBMAX_l - fixed : fixed) + 1);
    scalar->grow(sums[0], largest, fixed, direction, count, bits[0]);
    kernels->grow(sums[0], largest, fixed, direction, count, bits[1]);
    CHECK(memcmp(bits[0], bits[1], sizeof(unsigned) * (size_t)count) == 0,
          "%s, %d regions from band %d", tier, count, fixed);
  }
}

static void check_granule(lame_internal_flags *gfc, const char *tier) {
  static gr_info ours, theirs;
  static calc_noise_data our_noise, their_noise;
  int const with_noise = pick(2);
  start_random_granule(gfc, &ours);
  random_values(ours.l3_enc, ours.max_nonzero_coeff + 1);
  gfc->cfg.mode_gr = 1 + pick(2);
  ours.region0_count = pick(16), ours.table_select[2] = pick(32), ours.table_select[1] = pick(32);
  memset(&our_noise, 0x11, sizeof our_noise);
  memset(&their_noise, 0x11, sizeof their_noise);
  memcpy(&theirs, &ours, sizeof ours);
  int const a = noquant_count_bits(gfc, &ours, with_noise ? &our_noise : 0);
  int const b = noquant_count_bits_lame(gfc, &theirs, with_noise ? &their_noise : 0);
  CHECK(a == b && memcmp(&ours, &theirs, sizeof ours) == 0 &&
            memcmp(&our_noise, &their_noise, sizeof our_noise) == 0,
        "%s: %d bits for %d", tier, a, b);
  ours.part2_3_length = theirs.part2_3_length = a;
  best_huffman_divide(gfc, &ours);
  best_huffman_divide_lame(gfc, &theirs);
  CHECK(memcmp(&ours, &theirs, sizeof ours) == 0, "%s: divided, %d bits for %d", tier,
        ours.part2_3_length, theirs.part2_3_length);
}

static void print_times(lame_internal_flags *gfc, const char *tier) {
  static gr_info granule, copy;
  start_random_granule(gfc, &granule);
  granule.block_type = NORM_TYPE, granule.max_nonzero_coeff = 575;
  for (int k = 0; k < 400; k++)
    granule.l3_enc[k] = (int)(30 * expf(-(float)k / 60) * check_random_float(0, 1) + 0.5f);
  granule.part2_3_length = noquant_count_bits(gfc, &granule, 0);
  TIME(tier, "noquant_count_bits", 20, copy = granule, noquant_count_bits(gfc, &copy, 0),
       noquant_count_bits_lame(gfc, &copy, 0), "LAME's");
  TIME(tier, "best_huffman_divide", 1, copy = granule, best_huffman_divide(gfc, &copy),
       best_huffman_divide_lame(gfc, &copy), "LAME's");
}

void check_huffman_count(unsigned cpu_flags, const char *tier, int bench) {
  mp3a_huffman_lengths_kernels scalar, kernels;
  mp3a_huffman_sums_kernels scalar_sums, sums;
  mp3a_huffman_lengths_select(&scalar, 0);
  mp3a_huffman_lengths_select(&kernels, cpu_flags);
  mp3a_kernels_limit(cpu_flags);
  mp3a_huffman_sums_select(&scalar_sums, 0);
  mp3a_huffman_sums_select(&sums, cpu_flags);
  if (!bench) check_kernels(&scalar, &kernels, tier);
  if (!bench) check_sums(&scalar_sums, &sums, tier);
  for (int i = 0; i < (bench ? 1 : 40); i++) {
    lame_global_flags *encoder = random_encoder();
    if (bench) print_times(encoder->internal_flags, tier);
    for (int round = 0; !bench && round < 100; round++)
      check_granule(encoder->internal_flags, tier);
    lame_close(encoder);
  }
  mp3a_kernels_limit(MP3A_CPU_ALL);
}
