// SPDX-License-Identifier: Apache-2.0
// Stands between the daemon and the kernel (LD_PRELOAD), and lets a test move the clock and make writes of the store fail.
// The test writes the switches into a file that both have mapped: PILOTWATCH_SHIM names it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct control {
  volatile int64_t clock_ms;     // added to the wall clock
  volatile int64_t write_errno;  // of writes of the store, and of opening it to write; 0 = they work
  volatile int64_t writes_left;  // so many work before that
  volatile int64_t sync_errno;   // of fsync and fdatasync of the store
  volatile int64_t failures;     // how often something failed for it
  volatile int64_t kills;        // 1 = the process is killed instead, before the write
};

static struct control none, *control = &none;

__attribute__((constructor)) static void begin(void) {
  const char* name = getenv("PILOTWATCH_SHIM");
  const int fd = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* found = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (found != MAP_FAILED) control = found;
  close(fd);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_store(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return strstr(path, "/pilotwatch.db") != NULL;
}

static int fails_to_write(int fd) {
  if (control->write_errno == 0 || !is_store(fd)) return 0;
  if (__sync_fetch_and_sub(&control->writes_left, 1) > 0) return 0;
  __sync_fetch_and_add(&control->failures, 1);
  if (control->kills != 0) kill(getpid(), SIGKILL);
  errno = (int)control->write_errno;
  return 1;
}

static int fails_to_sync(int fd) {
  if (control->sync_errno == 0 || !is_store(fd)) return 0;
  __sync_fetch_and_add(&control->failures, 1);
  errno = (int)control->sync_errno;
  return 1;
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t at) {
  return fails_to_write(fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
  return fails_to_write(fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
int ftruncate64(int fd, off64_t size) { return fails_to_write(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int ftruncate(int fd, off_t size) { return fails_to_write(fd) ? -1 : REAL(ftruncate)(fd, size); }
int fsync(int fd) { return fails_to_sync(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails_to_sync(fd) ? -1 : REAL(fdatasync)(fd); }

static int opened(const char* path, int flags, mode_t mode, int (*real)(const char*, int, ...)) {
  if (control->write_errno != 0 && control->kills == 0 && (flags & O_ACCMODE) != O_RDONLY && strstr(path, "/pilotwatch.db") != NULL) {
    errno = (int)control->write_errno;
    return -1;
  }
  return real(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode, (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open64"));
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  const int rc = REAL(clock_gettime)(clock, out);
  if (rc == 0 && clock == CLOCK_REALTIME && control->clock_ms != 0) {
    const int64_t ms = control->clock_ms;
    out->tv_sec += ms / 1000;
    out->tv_nsec += ms % 1000 * 1000000;
    if (out->tv_nsec < 0) out->tv_nsec += 1000000000, --out->tv_sec;
    if (out->tv_nsec >= 1000000000) out->tv_nsec -= 1000000000, ++out->tv_sec;
  }
  return rc;
}
