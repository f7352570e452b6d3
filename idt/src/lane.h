/** @file One thread's scratch: everything a token needs beside its key and the caller's buffers. */
#ifndef IDT_LANE_H
#define IDT_LANE_H

#include "id-pool.h"
#include "path.h"
#include "remembered.h"
#include "signature.h"
#include "template.h"

#include <base/json-reader.h>

enum {
    IDT_LANE_CONTEXTS = 16,                 /**< keys a lane keeps ready: current and neighbouring ones, to sign and to verify */
    IDT_LANE_TEMPLATES = 8,                 /**< kinds of token that it makes in turn */
    IDT_LANE_BATCH = IDT_SHA256_LANES,      /**< tokens worked on together */
    IDT_BATCH_TOKEN_MAX = 1024,             /**< a longer token is verified alone */
    IDT_BATCH_DECODED_MAX = IDT_LANE_BATCH * IDT_BATCH_TOKEN_MAX
};

struct saf_idt_lane {
    saf_idt_lane_options options; /* now always set */
    const idt_path *path;
    idt_id_pool *pool;            /* NULL: ids come from the options */
    idt_remembered *remembered;   /* NULL: verdicts are not kept */
    size_t next_context; /* the one to give up when all are taken */
    size_t next_template, last_template;
    idt_context contexts[IDT_LANE_CONTEXTS];
    idt_template templates[IDT_LANE_TEMPLATES];
    char input[IDT_INPUT_MAX];    /* sign: header and payload, encoded */
    unsigned char signature[SAF_IDT_SIGNATURE_MAX];
    unsigned char decoded[SAF_IDT_TOKEN_MAX];             /* verify: the three parts, one after the other */
    unsigned char batch_decoded[IDT_BATCH_DECODED_MAX];   /* of several tokens, one after the other */
    saf_json_object header_json;
    saf_json_object payload_json;
};

/** The context for @p key, prepared if this lane has not met it; NULL in *out when its family needs none. */
saf_status idt_lane_context(saf_idt_lane *lane, const idt_key *key, idt_context **out);

#endif
