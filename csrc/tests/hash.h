/* A hash of what every platform must compute to the bit: FNV-1a, 64 bits. */
#ifndef MP3A_HASH_H
#define MP3A_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START 0xcbf29ce484222325u

static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t byte_size) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < byte_size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

#endif
