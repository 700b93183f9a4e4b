/* SPDX-License-Identifier: MIT */
/* Loaded before the C library: the wall clock is off by as many seconds as the file named by CLOCK_FILE says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long offset(void) {
  const char* name = getenv("CLOCK_FILE");
  long seconds = 0;
  FILE* file = name ? fopen(name, "re") : NULL;
  if (file) {
    if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
    fclose(file);
  }
  return seconds;
}

int clock_gettime(clockid_t which, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) *(void**)&real = dlsym(RTLD_NEXT, "clock_gettime");
  const int result = real(which, now);
  if (result == 0 && which == CLOCK_REALTIME) now->tv_sec += offset();
  return result;
}

time_t time(time_t* where) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (where) *where = now.tv_sec;
  return now.tv_sec;
}
