#include "common/mpeg.h"

const int16_t mp3a_bitrates_kbps[2][MP3A_BITRATE_COUNT] = {
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
};

const int32_t mp3a_mpeg1_rates_hz[MP3A_SAMPLE_RATE_COUNT] = {44100, 48000, 32000};
