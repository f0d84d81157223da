#!/bin/bash
# Submits the array and the merge after it: submit.sh SRC DST [options of "dataset"].
# More tasks: SBATCH_ARRAY_INX=0-99 submit.sh SRC DST. Another program: MP3_AUGMENT=/path/to/it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

array=$(sbatch --parsable "$here/augment.sbatch" "$@")
# "afterany": a task with bad files among its own ends with 1, and all others are done. Whether every
# shard has finished is what merge looks at itself.
merge=$(sbatch --parsable --dependency="afterany:${array%%;*}" "$here/merge.sbatch" "$2")
echo "array ${array%%;*}, merge ${merge%%;*}"
