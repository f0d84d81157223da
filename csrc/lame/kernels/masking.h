/* Energies and simultaneous masking of the psychoacoustic model. */
#ifndef MP3A_MASKING_KERNELS_H
#define MP3A_MASKING_KERNELS_H

enum {
  MP3A_PARTITIONS = 64,  /* at most; LAME's CBANDS */
  MP3A_REACH = 12,       /* how many partitions masking reaches, each way */
  MP3A_MASKING_STEPS = 9 /* steps of the additive masking table */
};

/* Constants of one block length, laid out for lanes of neighbouring partitions. */
typedef struct mp3a_partitions {
  int count, low, high; /* maskers of partition b lie in b + low .. b + high */
  int first[MP3A_PARTITIONS], last[MP3A_PARTITIONS]; /* its own first and last */
  int lines[MP3A_PARTITIONS];
  float inverse_lines[MP3A_PARTITIONS];
  float twice_maskers[MP3A_PARTITIONS];
  float neighbours[MP3A_PARTITIONS]; /* 3, or 2 at both ends */
  float spare_lines[MP3A_PARTITIONS]; /* lines of the neighbours, less one */
  float spread[2 * MP3A_REACH + 1][MP3A_PARTITIONS]; /* [masker - b - low][b] */
  unsigned char present[2 * MP3A_REACH + 1][MP3A_PARTITIONS]; /* 255: a masker of its own */
  float half[MP3A_PARTITIONS];    /* 0.5; 0 behind the last */
  float step[MP3A_MASKING_STEPS]; /* energy ratios at which mp3a_additive_factor[] steps */
  /* In each eighth of [1, 2) and quarter of [2, 4), from [2, 2.25) on: the ratio at which it
     steps, what it is below, and from there on. */
  float step_in[16], below[16], above[16];
} mp3a_partitions;

/* What the sum of two maskers close together is multiplied by, by their ratio. */
extern const float mp3a_additive_factor[MP3A_MASKING_STEPS + 1];

/* What the partitions hold; all arrays are padded with zeros to whole vectors. */
typedef struct mp3a_masking {
  float energy[MP3A_PARTITIONS], peak[MP3A_PARTITIONS];
  float threshold[MP3A_PARTITIONS]; /* spread energy, after tonality */
  float tonality[MP3A_PARTITIONS];  /* half the mean tonality factor of its maskers */
} mp3a_masking;

typedef struct mp3a_masking_kernels {
  /* Fills masking[0] .. [channels - 1] from the Hartley transforms of left and right, of `size`
     values each: of one channel (left, given twice), of two, or of four, with mid and side.
     sums[c]: all lines' energies times weights[line][c], where that isn't 0. */
  void (*mask)(const mp3a_partitions *partitions, const float *left, const float *right, int size,
               int channels, const float (*weights)[4], mp3a_masking masking[4], float sums[4]);
  /* Pre-echo control of long blocks: a threshold may rise to twice that of the granule before
     and, if `is_among_long`, 16 times that of the one before it. Neither limits where it is 0.
     Here and below arrays have MP3A_PARTITIONS places, of which the first `count` matter. */
  void (*limit_rise)(float *threshold, const float *last, const float *older, int count,
                     int is_among_long);
  /* No threshold lies above what the partition's strongest line allows, nor above the
     partition's energy; the user's level comes before or after that, whichever is stricter. */
  void (*limit)(mp3a_masking *masking, const float *levels, const float *peak_shares,
                float user_level, int count);
  /* Thresholds of mid and side, masking[2] and [3], raised where left and right are masked
     alike, and lowered so that together they stay within what left and right allow, times half
     of `twice_msfix` each, if that is above 0. `hearing`, times `hearing_level`, are the
     thresholds of hearing. */
  void (*join)(mp3a_masking masking[4], const float *level_differences, const float *hearing,
               float hearing_level, float twice_msfix, int count);
} mp3a_masking_kernels;

void mp3a_masking_select(mp3a_masking_kernels *kernels, unsigned cpu_flags);

#endif
