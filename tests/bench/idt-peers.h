/** @file Other libraries for such tokens, measured by what they offer for one: claims in, token out, and back. */
#ifndef BENCH_IDT_PEERS_H
#define BENCH_IDT_PEERS_H

/** Print their table; what is not installed is named as such. */
void peers_print(double seconds);

#endif
