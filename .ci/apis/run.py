"""Asks both APIs everything their documents allow, and much that they do not, as every role.

A real cloud and a real agent (fixtures' `api_world`) are tried by schemathesis with all its checks and
a fixed seed. It fails where a check fails, where fewer cases were tried than were asked for, where an
operation of the documents never succeeded for a role that may use it, or where one succeeded for a role
that may not.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
# Who may do what, as a test holds it to what the cloud enforces.
ROLES_PAGE = ROOT / "docs/roles.md"
SEED = 20270501
ROLES = ["cloud-admin", "cloud-organizer", "cloud-employee", "cloud-customer", "cloud-nobody", "agent-token", "agent-nobody"]
# Conforming requests may be refused for what they mean here, never for what they look like: hooks.py.
CONFIG = """
[cache]
enabled = false # every run begins anew
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 304, 400, 401, 402, 403, 404, 409, 422, 429, 503]
[checks.negative_data_rejection]
expected-statuses = ["4xx"]
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 404, 409, 413, 415, 422]
"""
# Never true of every request, and said to nobody.
WARNINGS = "warnings = false\n"
# The agent's stream has no end; two of its events say what they look like.
STREAM = "max-stream-events = 2\n"


def run(role, world, folder, examples):
    """One role's run; its exit code, output, and statuses by operation."""
    server, _, who = role.partition("-")
    own = world["agent"] if server == "agent" else world["cloud"].get(who, {})
    url = world["agent"]["url"] if server == "agent" else world["cloud_url"]
    config = folder / f"{role}.toml"
    config.write_text(f'hooks = "{ROOT / ".ci/apis/hooks.py"}"\n' + WARNINGS + STREAM + CONFIG)
    told = folder / f"{role}.json"
    command = [TARGET / "schemathesis/bin/schemathesis", "--config-file", config, "run", f"{url}/openapi.json"]
    command += ["--url", url, "--checks", "all", "--seed", str(SEED), "--generation-database", "none", "--no-shrink"]
    command += ["--max-examples", str(examples), "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--request-timeout", "20", "--no-color", "--continue-on-failure"]
    command += ["--suppress-health-check", "all", "--workers", "1"]
    if who != "nobody":
        command += ["--header", f"Authorization: Bearer {own['token']}"]
    more = {"TIDEGATE_WORLD": str(folder / "world.json"), "TIDEGATE_ROLE": role, "TIDEGATE_STATUSES": str(told)}
    started = time.monotonic()
    done = subprocess.run(command, env=os.environ | more, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    statuses = json.loads(told.read_text()) if told.exists() else {}
    return role, done.returncode, done.stdout, statuses, time.monotonic() - started


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--examples", type=int, default=36, help="fuzzed cases of an operation in a role's run")
    options.add_argument("--at-least", type=int, default=20_000, help="cases in all")
    options.add_argument("--roles", nargs="+", default=ROLES, choices=ROLES)
    options.add_argument("--profile", default="debug", help="whose binaries: debug or release")
    options.add_argument("--out", type=pathlib.Path, help="where to leave the whole output")
    options = options.parse_args()
    started = time.monotonic()
    binary = TARGET / options.profile / "api_world"
    # The world ends with its standard input, so nothing stays behind.
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(
        [binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        folder = options.out or pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        line = process.stdout.readline()
        if not line:
            sys.exit("✖ the world did not start")
        (folder / "world.json").write_text(line)
        print(f"the world stands after {time.monotonic() - started:.0f} s")
        bad = tried(options, json.loads(line), folder)
        process.stdin.close()
    print(f"{time.monotonic() - started:.0f} s in all")
    sys.exit(1 if bad else 0)


def allowed(world):
    """By operation: the roles that may use it. The servers' own documents say which operations there are."""
    row = re.compile(r"^\| `(\w+ \S+)` \| (\S+) \| (\S+) \| (\S+) \| (\S+) \|", re.MULTILINE)
    table = {label: cells for label, *cells in row.findall(ROLES_PAGE.read_text())}
    roles = {}
    for server, url in (("cloud", world["cloud_url"]), ("agent", world["agent"]["url"])):
        everybody = [role for role in ROLES if role.startswith(server)]
        with urllib.request.urlopen(f"{url}/openapi.json") as answer:
            paths = json.load(answer)["paths"]
        for path, item in paths.items():
            for method, operation in item.items():
                label = f"{method.upper()} {path}"
                if operation.get("security") == [{}]:
                    may = everybody
                elif server == "agent":
                    may = ["agent-token"]
                else:
                    may = [role for role, cell in zip(everybody, table.get(label, [])) if cell != "—"]
                roles[f"{server} {label}"] = set(may)
    return roles


def tried(options, world, folder):
    """Runs all roles beside each other; says whether something is wrong."""
    may = allowed(world)
    bad, cases, reached = False, 0, {label: collections.Counter() for label in may}
    with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        runs = [pool.submit(run, role, world, folder, options.examples) for role in options.roles]
        for done in concurrent.futures.as_completed(runs):
            role, code, output, statuses, seconds = done.result()
            count = sum(sum(answers.values()) for answers in statuses.values())
            cases += count
            print(f"{'✖' if code else '✔'} {role:16} {count:6} cases {seconds:5.0f} s {count / seconds:5.0f}/s")
            (folder / f"{role}.log").write_text(output)
            if code:
                bad = True
                print(output)
            for label, answers in statuses.items():
                good = sum(count for status, count in answers.items() if status.startswith("2"))
                reached[f"{role.partition('-')[0]} {label}"][role] += good
    bad |= not told(options.roles, may, reached)
    print(f"{cases} cases, {len(reached)} operations, seed {SEED}")
    if cases < options.at_least:
        print(f"✖ fewer than {options.at_least} cases")
        bad = True
    return bad


def told(roles, may, reached):
    """Prints how often each operation succeeded, by role; says whether it did for those who may use it, and no other."""
    fine = True
    for label, by in sorted(reached.items()):
        server = label.partition(" ")[0]
        asked = [role for role in roles if role.startswith(server)]
        wrong = [role for role in asked if (role in may[label]) != (by[role] > 0)]
        right = may[label] and not wrong
        fine &= bool(right)
        counts = "  ".join(f"{role.partition('-')[2]} {by[role] if role in may[label] else '—'}" for role in asked)
        print(f"{'✔' if right else '✖'} {sum(by.values()):6} × 2xx  {label:45} {counts}")
        if not may[label]:
            print("  ✖ nobody may use it")
        for role in wrong:
            print(f"  ✖ {role} {'never succeeded' if role in may[label] else 'may not, but did'}")
    return fine


if __name__ == "__main__":
    main()
