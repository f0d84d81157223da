/* The loop of a peer in C; bench/worker.ts describes the protocol. */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <stdint.h>

typedef struct clip {
  int sample_rate;
  int channel_count;
  uint32_t frame_count;
  float *input[2];  /* the second is NULL for mono */
  float *output[2]; /* as input */
} clip;

/* One call of the peer: fills the outputs. Returns 0, or anything else on failure. */
typedef int (*roundtrip_fn)(const clip *clip, int bitrate_kbps, int quality);

/* Serves until stdin ends; what main() returns. */
int serve(int argc, char **argv, roundtrip_fn roundtrip);

#endif
