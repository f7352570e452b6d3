/** @file What the programs that measure share: a clock, and the median rate of some runs. Whatever fails ends the program. */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MUST(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/** The median rate of five runs, in calls of @p work per second; each takes @p run_seconds at least. */
static inline double rate_of(void (*work)(void *context), void *context, double run_seconds)
{
    enum { RUNS = 5, CALLS_BETWEEN_LOOKS = 8 };
    double rates[RUNS];
    for (size_t run = 0; run < RUNS; run++) {
        size_t calls = 0;
        double start = seconds_now();
        double end = start;
        while (end - start < run_seconds) {
            for (int i = 0; i < CALLS_BETWEEN_LOOKS; i++, calls++)
                work(context);
            end = seconds_now();
        }
        rates[run] = (double)calls / (end - start);
    }
    qsort(rates, RUNS, sizeof rates[0], bench_compare);
    return rates[RUNS / 2];
}

#endif
