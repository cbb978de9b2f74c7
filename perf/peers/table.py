"""The medians of run.sh's raw output, as a Markdown table; --half TARGET FILE: half of its rate; --errors FILE: exit code 1 when there was one."""
import json
import statistics
import sys


def read(file):
    with open(file) as lines:
        return [json.loads(line) for line in lines if line.startswith("{")]


def of(rows, target, mode, connections, key):
    return [row[key] for row in rows if (row["label"], row["mode"], row["c"]) == (target, mode, connections)]


def median(rows, target, mode, connections, key):
    values = of(rows, target, mode, connections, key)
    return statistics.median(values) if values else None


def rate(rows, target, connections=64):
    """Tokens a second: a batch holds 64."""
    value = median(rows, target, "closed", connections, "rps")
    return None if value is None else value * (64 if target in ("batch64", "assay-batch") else 1)


def show(value, form=",.0f"):
    return "" if value is None else format(value, form)


def table(rows):
    print("Tokens a second and microseconds of processor for each, of the server and its database together, on one core; medians over the rounds.\n")
    print("| target | c=16 | c=64 (min-max) | CPU us | c=64 p50 / p99 ms | open, at half: p50 / p99 / p99.9 ms | errors |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for target in dict.fromkeys(row["label"] for row in rows):
        many = 64 if target in ("batch64", "assay-batch") else 1
        spread = of(rows, target, "closed", 64, "rps")
        cpu = median(rows, target, "closed", 64, "cpu_us_per_req")
        closed = [median(rows, target, "closed", 64, key) for key in ("p50_us", "p99_us")]
        opened = [median(rows, target, "open", 64, key) for key in ("p50_us", "p99_us", "p999_us")]
        errors = sum(row["bad"] for row in rows if row["label"] == target)
        print(f"| {target} | {show(rate(rows, target, 16))} | {show(rate(rows, target))} ({min(spread, default=0) * many:,.0f}-{max(spread, default=0) * many:,.0f}) | {show(cpu and cpu / many, ',.1f')} | "
              + " / ".join(show(us and us / 1000, ".2f") for us in closed) + " | " + " / ".join(show(us and us / 1000, ".2f") for us in opened) + f" | {errors} |")

    print("\n| ratio | | goal |")
    print("|---|--:|--:|")
    for name, ours, other, goal in [
        ("by secret ÷ the limit", "assay", "ceiling", "≥ 0.85"),
        ("by assertion ÷ the limit", "assay-pkjwt", "ceiling-pkjwt", "≥ 0.90"),
        ("by secret ÷ OpenIddict without storage", "assay", "openiddict-none", "≥ 2.3"),
        ("by secret ÷ oidc-provider", "assay", "oidc-provider", "≥ 5.5"),
        ("by assertion ÷ oidc-provider", "assay-pkjwt", "oidc-provider-pkjwt", "≥ 4.2"),
        ("by assertion ÷ OpenIddict, both with PostgreSQL", "assay-postgres-pkjwt", "openiddict-postgres-pkjwt", "≥ 10"),
        ("by secret ÷ Glewlwyd", "assay", "glewlwyd", ""),
        ("batches of 64, by assertion ÷ the limit by secret", "assay-batch", "ceiling", "≥ 1.6"),
        ("batches of 64, by assertion ÷ the limit by assertion", "assay-batch", "ceiling-pkjwt", "≥ 4"),
    ]:
        if rate(rows, ours) and rate(rows, other):
            print(f"| {name} | {rate(rows, ours) / rate(rows, other):.2f} | {goal} |")
    for name, key, goal in [("p99 at half the greatest rate ÷ the limit's", "p99_us", "≤ 1.3"), ("p99.9 likewise", "p999_us", "≤ 2")]:
        ours, limit = median(rows, "assay", "open", 64, key), median(rows, "ceiling", "open", 64, key)
        if ours and limit:
            print(f"| {name} | {ours / limit:.2f} | {goal} |")


match sys.argv[1:]:
    case ["--half", target, file]:
        print(max(1, int((median(read(file), target, "closed", 64, "rps") or 2) / 2)))
    case ["--errors", file]:
        faulty = sorted({row["label"] for row in read(file) if row["bad"]})
        if faulty:
            sys.exit("peers: there were errors: " + ", ".join(faulty))
    case [file]:
        table(read(file))
    case _:
        sys.exit(__doc__)
