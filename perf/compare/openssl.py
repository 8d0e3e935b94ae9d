"""`openssl speed` of the guest 'disk', started in the place of init: Debian's own binary with Debian's own settings."""

import re

END = "openssl speed: end"
ALGORITHMS = ("sha256", "aes-256-gcm", "ecdsap256")


def command(seconds):
    seconds = max(1, round(seconds))
    steps = [f"openssl speed -mr -seconds {seconds} {'-bytes 16384 -evp ' if not name.startswith('ecdsa') else ''}{name}" for name in ALGORITHMS]
    # A shell that ends as init is a panic; whoever reads the console ends the machine before.
    return "; ".join(["mount -t proc proc /proc", *steps, f"echo {END}", "sleep 1000"])


def rates(lines):
    """Millions of bytes a second, or signatures a second, by row: from the lines that -mr makes."""
    found = {}
    for line in lines:
        if match := re.match(r"\+F:\d+:([^:]+):([0-9.]+)", line):
            found[f"openssl_{match[1].lower()}"] = float(match[2]) / 1e6
        elif match := re.match(r"\+F4:\d+:256:([0-9.e-]+)", line):
            found["openssl_ecdsap256"] = float(match[1])
    if missing := [name for name in ALGORITHMS if f"openssl_{name}" not in found]:
        raise RuntimeError(f"openssl speed has no result of {', '.join(missing)}")
    return found
