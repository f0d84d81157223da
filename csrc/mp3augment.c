/* What needs none of the rooms: the version, and messages. */
#include "mp3augment.h"

uint32_t mp3a_abi_version(void) { return MP3A_ABI_VERSION; }

const char *mp3a_status_message(int32_t status) {
  switch ((mp3a_status)status) {
    case MP3A_OK: return "no error";
    case MP3A_INVALID_AUDIO: 
      return "the audio's pointers or sizes are not valid, or it is too loud to be coded";
    case MP3A_EMPTY_AUDIO: return "the audio is empty";
    case MP3A_NON_FINITE_AUDIO: return "the audio holds NaN or infinite samples";
    case MP3A_UNSUPPORTED_CHANNELS: return "the audio has neither 1 nor 2 channels";
    case MP3A_UNSUPPORTED_SAMPLE_RATE: return "MP3 has no such sample rate";
    case MP3A_UNSUPPORTED_BITRATE: return "there is no such bitrate";
    case MP3A_UNSUPPORTED_QUALITY: return "quality is not an integer from 0 to 9";
    case MP3A_INVALID_OPTION: return "an option is not valid";
    case MP3A_CORRUPT_MP3: return "the decoder did not accept the MP3 data";
    case MP3A_OUT_OF_MEMORY: return "memory ran out";
    case MP3A_CANCELLED: return "the job was cancelled";
  }
  return "unknown status";
}
