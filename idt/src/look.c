#include "compact.h"
#include "header.h"

saf_status saf_idt_look(saf_idt_lane *lane, saf_bytes token, saf_idt_verdict *verdict, saf_idt_peek *peek)
{
    idt_compact compact;
    saf_idt_peek seen = { 0 };
    *peek = seen;
    *verdict = idt_compact_read(lane, token, &compact);
    if (*verdict != SAF_IDT_GOOD)
        return SAF_OK;
    /* What cannot be shown on a terminal or be anybody's kid is not worth showing. */
    if (!idt_header_text(seen.alg, sizeof seen.alg, &lane->header_json, "alg") ||
        !idt_header_text(seen.kid, sizeof seen.kid, &lane->header_json, "kid")) {
        *verdict = SAF_IDT_BAD_HEADER;
        return SAF_OK;
    }
    seen.header = compact.header;
    seen.payload = compact.payload;
    *peek = seen;
    return SAF_OK;
}
