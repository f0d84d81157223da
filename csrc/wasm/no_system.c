/* What the C library would ask WASI for: files that LAME writes messages to, and an end for
   asserts. Nothing of it is there, so the module has no imports. */
#include <stdint.h>
#include <unistd.h>
#include <wasi/api.h>

int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t whence,
                                                  int32_t position);
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t parts, int32_t count,
                                                   int32_t written);
_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code);

/* Zig's own C library has this one, which would import fd_close. */
int close(int fd) {
  (void)fd;
  return -1;
}

int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t whence,
                                                  int32_t position) {
  (void)fd, (void)offset, (void)whence, (void)position;
  return __WASI_ERRNO_BADF;
}

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t parts, int32_t count,
                                                   int32_t written) {
  (void)fd, (void)parts, (void)count, (void)written;
  return __WASI_ERRNO_BADF;
}

_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code) {
  (void)code;
  __builtin_trap();
}
