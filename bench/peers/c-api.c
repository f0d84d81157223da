/* This library called from C: what it costs without a JavaScript runtime. */
#include <stddef.h>

#include "mp3augment.h"
#include "serve.h"

static int roundtrip(const clip *c, int bitrate_kbps, int quality) {
  const mp3a_options options = {.struct_byte_size = sizeof options,
                                .sample_rate_hz = c->sample_rate,
                                .bitrate_kbps = bitrate_kbps,
                                .quality = quality,
                                .channel_count = c->channel_count};
  return mp3a_roundtrip(&options, c->input[0], c->input[1], c->frame_count, c->output[0],
                        c->output[1], c->frame_count, NULL);
}

int main(int argc, char **argv) { return serve(argc, argv, roundtrip); }
