/* One clip through both stages, on as many threads as are idle. */
#ifndef MP3A_PIPELINE_H
#define MP3A_PIPELINE_H

#include "common/clip.h"

/* Runs the clip; blocks until all is done. */
int32_t mp3a_pipeline_run(const mp3a_clip *clip, mp3a_stats *stats);

#endif
