/** @file One thread's scratch: everything a token needs beside its key and the caller's buffers. */
#ifndef IDT_LANE_H
#define IDT_LANE_H

#include "id-pool.h"
#include "signature.h"

#include <base/json-reader.h>

enum {
    IDT_LANE_CONTEXTS = 16,  /**< keys a lane keeps ready: current and neighbouring ones, to sign and to verify */
    IDT_INPUT_MAX = 1024,    /**< a signing input of ours, at most (sign.c counts) */
    IDT_PAYLOAD_MAX = 640    /**< a payload of ours, at most (claims.c counts) */
};

struct saf_idt_lane {
    saf_idt_lane_options options; /* now and id always set */
    idt_id_pool *pool;
    size_t next_context; /* the one to give up when all are taken */
    idt_context contexts[IDT_LANE_CONTEXTS];
    char payload[IDT_PAYLOAD_MAX]; /* sign: claims as JSON */
    char input[IDT_INPUT_MAX];     /* sign: header and payload, encoded */
    unsigned char signature[SAF_IDT_SIGNATURE_MAX];
    unsigned char decoded[SAF_IDT_TOKEN_MAX]; /* verify: the three parts, one after the other */
    saf_json_object header_json;
    saf_json_object payload_json;
};

/** The context for @p key, prepared if this lane has not met it; NULL in *out when its family needs none. */
saf_status idt_lane_context(saf_idt_lane *lane, const idt_key *key, idt_context **out);

#endif
