#include "sha384.h"

/* The first 64 bits of the fractional parts of the cube roots of the first 80 primes. */
static const u64 constants[80] = {
    0x428A2F98D728AE22ul, 0x7137449123EF65CDul, 0xB5C0FBCFEC4D3B2Ful, 0xE9B5DBA58189DBBCul,
    0x3956C25BF348B538ul, 0x59F111F1B605D019ul, 0x923F82A4AF194F9Bul, 0xAB1C5ED5DA6D8118ul,
    0xD807AA98A3030242ul, 0x12835B0145706FBEul, 0x243185BE4EE4B28Cul, 0x550C7DC3D5FFB4E2ul,
    0x72BE5D74F27B896Ful, 0x80DEB1FE3B1696B1ul, 0x9BDC06A725C71235ul, 0xC19BF174CF692694ul,
    0xE49B69C19EF14AD2ul, 0xEFBE4786384F25E3ul, 0x0FC19DC68B8CD5B5ul, 0x240CA1CC77AC9C65ul,
    0x2DE92C6F592B0275ul, 0x4A7484AA6EA6E483ul, 0x5CB0A9DCBD41FBD4ul, 0x76F988DA831153B5ul,
    0x983E5152EE66DFABul, 0xA831C66D2DB43210ul, 0xB00327C898FB213Ful, 0xBF597FC7BEEF0EE4ul,
    0xC6E00BF33DA88FC2ul, 0xD5A79147930AA725ul, 0x06CA6351E003826Ful, 0x142929670A0E6E70ul,
    0x27B70A8546D22FFCul, 0x2E1B21385C26C926ul, 0x4D2C6DFC5AC42AEDul, 0x53380D139D95B3DFul,
    0x650A73548BAF63DEul, 0x766A0ABB3C77B2A8ul, 0x81C2C92E47EDAEE6ul, 0x92722C851482353Bul,
    0xA2BFE8A14CF10364ul, 0xA81A664BBC423001ul, 0xC24B8B70D0F89791ul, 0xC76C51A30654BE30ul,
    0xD192E819D6EF5218ul, 0xD69906245565A910ul, 0xF40E35855771202Aul, 0x106AA07032BBD1B8ul,
    0x19A4C116B8D2D0C8ul, 0x1E376C085141AB53ul, 0x2748774CDF8EEB99ul, 0x34B0BCB5E19B48A8ul,
    0x391C0CB3C5C95A63ul, 0x4ED8AA4AE3418ACBul, 0x5B9CCA4F7763E373ul, 0x682E6FF3D6B2B8A3ul,
    0x748F82EE5DEFB2FCul, 0x78A5636F43172F60ul, 0x84C87814A1F0AB72ul, 0x8CC702081A6439ECul,
    0x90BEFFFA23631E28ul, 0xA4506CEBDE82BDE9ul, 0xBEF9A3F7B2C67915ul, 0xC67178F2E372532Bul,
    0xCA273ECEEA26619Cul, 0xD186B8C721C0C207ul, 0xEADA7DD6CDE0EB1Eul, 0xF57D4F7FEE6ED178ul,
    0x06F067AA72176FBAul, 0x0A637DC5A2C898A6ul, 0x113F9804BEF90DAEul, 0x1B710B35131C471Bul,
    0x28DB77F523047D84ul, 0x32CAAB7B40C72493ul, 0x3C9EBE0A15C9BEBCul, 0x431D67C49C100D4Cul,
    0x4CC5D4BECB3E42B6ul, 0x597F299CFC657E2Aul, 0x5FCB6FAB3AD6FAECul, 0x6C44198C4A475817ul,
};

/* Those of the square roots of the ninth to the sixteenth. */
static const u64 initial_state[8] = {
    0xCBBB9D5DC1059ED8ul, 0x629A292A367CD507ul, 0x9159015A3070DD17ul, 0x152FECD8F70E5939ul,
    0x67332667FFC00B31ul, 0x8EB44A8768581511ul, 0xDB0C2E0D64F98FA7ul, 0x47B5481DBEFA4FA4ul,
};

/* sha512sum0 and the like: a unary instruction of the OP-IMM major opcode. */
#define ZKNH(name, immediate) \
    static inline u64 name(u64 value) \
    { \
        u64 result; \
        __asm__(".insn i 0x13, 1, %0, %1, " #immediate : "=r"(result) : "r"(value)); \
        return result; \
    }

ZKNH(sum0, 0x104)
ZKNH(sum1, 0x105)
ZKNH(sigma0, 0x106)
ZKNH(sigma1, 0x107)

#define ROUND(a, b, c, d, e, f, g, h, i) \
    do \
    { \
        u64 first = h + sum1(e) + (g ^ (e & (f ^ g))) + constants[t + (i)] + words[i]; \
        d += first; \
        h = first + sum0(a) + ((a & b) | (c & (a | b))); \
    } while (0)

/* The next word of the schedule takes the place of the oldest. */
#define EXTEND(i) words[i] += sigma0(words[((i) + 1) % 16]) + words[((i) + 9) % 16] + sigma1(words[((i) + 14) % 16])

static void add_blocks(struct sha384 *hash, const u8 *bytes, u64 count)
{
    u64 *s = hash->state;
    for (; count != 0; count--, bytes += SHA384_BLOCK)
    {
        u64 words[16];
        u64 a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        memcpy(words, bytes, sizeof words);
        for (unsigned i = 0; i < 16; i++)
            words[i] = __builtin_bswap64(words[i]);
        for (unsigned t = 0; t < 80; t += 16)
        {
            if (t != 0)
            {
#pragma GCC unroll 16
                for (unsigned i = 0; i < 16; i++)
                    EXTEND(i);
            }
#pragma GCC unroll 2
            for (unsigned i = 0; i < 16; i += 8)
            {
                ROUND(a, b, c, d, e, f, g, h, i);
                ROUND(h, a, b, c, d, e, f, g, i + 1);
                ROUND(g, h, a, b, c, d, e, f, i + 2);
                ROUND(f, g, h, a, b, c, d, e, i + 3);
                ROUND(e, f, g, h, a, b, c, d, i + 4);
                ROUND(d, e, f, g, h, a, b, c, i + 5);
                ROUND(c, d, e, f, g, h, a, b, i + 6);
                ROUND(b, c, d, e, f, g, h, a, i + 7);
            }
        }
        s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e, s[5] += f, s[6] += g, s[7] += h;
    }
}

void sha384_begin(struct sha384 *hash)
{
    memcpy(hash->state, initial_state, sizeof hash->state);
    hash->length = 0;
}

void sha384_add(struct sha384 *hash, const void *bytes, u64 size)
{
    const u8 *from = bytes;
    u64 used = hash->length % SHA384_BLOCK;
    hash->length += size;
    if (used != 0)
    {
        u64 part = min_u64(size, SHA384_BLOCK - used);
        memcpy(hash->block + used, from, part);
        from += part;
        size -= part;
        if (used + part < SHA384_BLOCK)
            return;
        add_blocks(hash, hash->block, 1);
    }
    add_blocks(hash, from, size / SHA384_BLOCK);
    memcpy(hash->block, from + size / SHA384_BLOCK * SHA384_BLOCK, size % SHA384_BLOCK);
}

void sha384_end(struct sha384 *hash, u8 digest[SHA384_SIZE])
{
    u64 bits = __builtin_bswap64(8 * hash->length);
    u8 padding[2 * SHA384_BLOCK] = { 0x80 };
    /* One bit, zeroes, and the number of bits in 16 bytes. */
    u64 used = hash->length % SHA384_BLOCK;
    sha384_add(hash, padding, (used < SHA384_BLOCK - 16 ? SHA384_BLOCK : 2 * SHA384_BLOCK) - 8 - used);
    sha384_add(hash, &bits, sizeof bits);
    for (unsigned i = 0; i < SHA384_SIZE / sizeof(u64); i++)
        hash->state[i] = __builtin_bswap64(hash->state[i]);
    memcpy(digest, hash->state, SHA384_SIZE);
}
