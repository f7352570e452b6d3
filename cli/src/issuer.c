#include <cli/issuer.h>

#include <base/fail.h>

#include <errno.h>

saf_status cli_issuer_open(cli_issuer *out, const cli *cli, unsigned leeway_sec, saf_error *err)
{
    out->cli = cli;
    SAF_TRY(cli_open_store(&out->store, cli, err));
    SAF_TRY(cli_open_p11(&out->p11, cli, err));
    saf_issuer_options options = { .store = out->store, .p11 = out->p11, .leeway_sec = leeway_sec };
    SAF_TRY(saf_issuer_open(&out->issuer, &options, err));
    return saf_issuer_lane_open(&out->lane, out->issuer, err);
}

void cli_issuer_close(cli_issuer *issuer)
{
    saf_issuer_lane_close(&issuer->lane);
    saf_issuer_close(&issuer->issuer);
    saf_p11_close(&issuer->p11);
    saf_store_close(&issuer->store);
}

saf_status cli_read_token(saf_buffer *out, saf_error *err)
{
    enum { READ_MAX = SAF_IDT_TOKEN_MAX + 1 };
    unsigned char *room = saf_buffer_extend(out, READ_MAX);
    SAF_TRY(saf_buffer_check(out, err));
    errno = 0;
    out->len = fread(room, 1, READ_MAX, stdin);
    if (ferror(stdin))
        return saf_fail_errno(err, "cannot read standard input");
    if (out->len && out->len < READ_MAX && room[out->len - 1] == '\n')
        out->len--;
    if (out->len && out->len < READ_MAX && room[out->len - 1] == '\r')
        out->len--;
    return SAF_OK;
}
