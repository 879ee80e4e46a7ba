"""Sends messages through the real Jasmin, and compares the source address of each with what `callsign resolve` says.

Starts Redis, RabbitMQ, jasmind and interceptord on loopback, in a folder of its own, and ends them. Run by `make jasmin`.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from smpp_wire import Esme, Smsc

HERE = Path(__file__).resolve().parent
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# Users of Jasmin, each with its group: entities of Callsign, each with its application.
USERS = {"acme": "shop", "globex": "shop", "teller": "bank", "branch": "bank"}
PASSWORD = "secret"
WINDOW = 50
# How often the throughput is measured with each script.
TURNS = 5
REFUSED = 10
# The type of number and the numbering plan of a source address, by the type of the sender.
KINDS = {
    "ALPHANUMERIC": (5, 0),
    "SHORT_CODE": (3, 0),
    "VIRTUAL_LONG_NUMBER": (1, 1),
    "TOLL_FREE_NUMBER": (1, 1),
}


def messages(count, seed):
    """Messages of all users to recipients of several countries, as `callsign resolve` reads them."""
    chance = random.Random(seed)
    areas = ["415", "213", "212", "917", "628", "305", "604"]
    made = []
    for place in range(count):
        user = chance.choice(list(USERS))
        to = chance.choice([
            lambda: f"1{chance.choice(areas)}555{chance.randrange(2_000):04}",
            lambda: f"1{chance.choice(areas)}555{chance.randrange(2_000):04}",
            lambda: f"44740{chance.randrange(10_000_000):07}",
            lambda: f"3361{chance.randrange(10_000_000):07}",
            lambda: f"4915{chance.randrange(1_000_000_000):09}",
        ])()
        made.append({"messageId": f"{place:06}", "applicationId": USERS[user], "entityId": user, "channel": "SMS", "to": to})
    return made


def wanted(callsign, folder, made):
    """What the command decides on the same catalog."""
    lines = folder / "messages.jsonl"
    lines.write_text("".join(json.dumps(one) + "\n" for one in made))
    done = subprocess.run(
        [callsign, "resolve", "--catalog", HERE / "catalog.json", lines], check=True, capture_output=True, text=True
    )
    return {one["messageId"]: one for one in map(json.loads, done.stdout.splitlines())}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Processes:
    """The servers, each in a process group of its own, with its output in a file."""

    def __init__(self, folder):
        self.folder, self.running = folder, []

    def start(self, name, command, **environment):
        output = open(self.folder / f"{name}.out", "wb")
        self.running.append((name, subprocess.Popen(
            [str(part) for part in command], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, **{key: str(value) for key, value in environment.items()}},
        )))

    def check(self):
        for name, process in self.running:
            if process.poll() is not None:
                end = (self.folder / f"{name}.out").read_text(errors="replace")[-2_000:]
                raise RuntimeError(f"{name} has ended:\n{end}")

    def stop(self, *names):
        going = [one for one in self.running if not names or one[0] in names]
        for _, process in reversed(going):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            self.running = [one for one in self.running if one[1] is not process]


async def listening(processes, port, limit=120):
    async with asyncio.timeout(limit):
        while True:
            processes.check()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            except OSError:
                await asyncio.sleep(0.1)


async def jcli(port, *lines):
    """Says lines to Jasmin's console; raises where it does not take one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def until(*ends):
        """Reads until a prompt, which is at the start of a line."""
        heard = b""
        while not heard.endswith(ends):
            piece = await asyncio.wait_for(reader.read(4_096), 30)
            if not piece:
                raise RuntimeError(f"the console has ended after {heard!r}")
            heard += piece
        return heard.decode()

    await reader.readuntil(b"Session ref: ")
    await reader.readuntil(b"\n")
    for line in lines:
        writer.write(line.encode() + b"\r\n")
        heard = await until(b"\njcli : ", b"\n> ")
        if re.search("(?i)fail|error|unknown|invalid|incorrect|must|wrong|missing", heard.replace(line, "")):
            raise RuntimeError(f"jcli does not take {line!r}: {heard}")
    writer.close()


async def through_jasmin(ports, made, smsc):
    """Sends all messages, one connection for each user. Returns the status of each, and the seconds until the SMSC has all."""
    clients = {user: Esme(WINDOW) for user in USERS}
    for user, client in clients.items():
        await client.connect(ports["smpp"], user, PASSWORD)
    begun = time.monotonic()

    async def send(user):
        for one in made:
            if one["entityId"] == user:
                await clients[user].send(one["to"], one["messageId"])
        async with asyncio.timeout(120):
            for _ in range(WINDOW):
                await clients[user].window.acquire()

    await asyncio.gather(*map(send, USERS))
    status = dict(itertools.chain(*(client.status.items() for client in clients.values())))
    accepted = sum(one == 0 for one in status.values())
    await smsc.wait_for(accepted, 300)
    seconds = time.monotonic() - begun
    for client in clients.values():
        await client.close()
    return status, seconds


def compare(made, decisions, status, smsc):
    """Raises at the first message that went out otherwise than the command decides. Returns how many were sent and refused."""
    sent = refused = 0
    for one in made:
        id, decision = one["messageId"], decisions[one["messageId"]]
        if "refusal" in decision:
            assert status[id] == REFUSED, (one, decision, status[id])
            assert id not in smsc.received, (one, decision)
            refused += 1
        else:
            address = (decision["sender"].removeprefix("+"), *KINDS[decision["senderType"]])
            assert status[id] == 0, (one, decision, status[id])
            assert smsc.received[id] == (address, one["to"]), (one, decision, smsc.received[id])
            sent += 1
    assert len(smsc.received) == sent
    return sent, refused


async def run(arguments):
    folder = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("log", "store", "redis", "rabbitmq"):
        (folder / name).mkdir(parents=True)
    made = messages(arguments.messages, arguments.seed)
    decisions = wanted(arguments.callsign, folder, made)
    ports = {name: free_port() for name in (
        "redis", "amqp", "erlang", "epmd", "smpp", "smpp-pb", "http", "jcli", "router", "clients", "interceptor")}
    # Every setting of Jasmin can be one of the environment.
    jasmin = {
        "ROOT_PATH": folder, "LOG_PATH": folder / "log", "STORE_PATH": folder / "store",
        "REDIS_CLIENT_PORT": ports["redis"], "AMQP_BROKER_PORT": ports["amqp"],
        "AMQP_BROKER_SPEC": arguments.amqp_spec, "SMPP_SERVER_BIND": "127.0.0.1", "SMPP_SERVER_PORT": ports["smpp"],
        "SMPP_SERVER_PB_BIND": "127.0.0.1", "SMPP_SERVER_PB_PORT": ports["smpp-pb"], "HTTP_API_BIND": "127.0.0.1",
        "HTTP_API_PORT": ports["http"], "JCLI_PORT": ports["jcli"], "JCLI_AUTHENTICATION": "False", "ROUTER_BIND": "127.0.0.1",
        "ROUTER_PORT": ports["router"], "CLIENT_MANAGEMENT_BIND": "127.0.0.1", "CLIENT_MANAGEMENT_PORT": ports["clients"],
        "INTERCEPTOR_BIND": "127.0.0.1", "INTERCEPTOR_PORT": ports["interceptor"],
        "INTERCEPTOR_CLIENT_PORT": ports["interceptor"], "PYTHONPATH": HERE, "CALLSIGN_CATALOG": HERE / "catalog.json",
        "CALLSIGN_PINS": folder / "pins",
    }
    programs = Path(sys.executable).parent
    processes, smsc = Processes(folder), Smsc()
    try:
        processes.start("redis", [
            "redis-server", "--port", ports["redis"], "--bind", "127.0.0.1", "--dir", folder / "redis", "--save", ""])
        processes.start(
            "rabbitmq", [RABBITMQ], RABBITMQ_NODENAME=f"jasmin-{os.getpid()}@localhost", RABBITMQ_NODE_PORT=ports["amqp"],
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1", RABBITMQ_DIST_PORT=ports["erlang"], ERL_EPMD_PORT=ports["epmd"],
            ERL_EPMD_ADDRESS="127.0.0.1", RABBITMQ_MNESIA_BASE=folder / "rabbitmq", RABBITMQ_LOG_BASE=folder / "log",
            RABBITMQ_CONFIG_FILE=folder / "rabbitmq" / "none", RABBITMQ_ENABLED_PLUGINS_FILE=folder / "rabbitmq" / "plugins",
            HOME=folder / "rabbitmq")
        smsc_port = await smsc.start()
        await listening(processes, ports["redis"])
        await listening(processes, ports["amqp"])
        processes.start("interceptord", [sys.executable, programs / "interceptord.py"], **jasmin)
        await listening(processes, ports["interceptor"])
        processes.start(
            "jasmind",
            [sys.executable, programs / "jasmind.py", "--enable-interceptor-client"],
            **jasmin)
        await listening(processes, ports["jcli"])
        await listening(processes, ports["smpp"])
        for group in sorted(set(USERS.values())):
            await jcli(ports["jcli"], "group -a", f"gid {group}", "ok")
        for user, group in USERS.items():
            await jcli(ports["jcli"], "user -a", f"username {user}", f"password {PASSWORD}", f"gid {group}", f"uid {user}", "ok")
        await jcli(
            ports["jcli"], "smppccm -a", "cid smsc", "host 127.0.0.1", f"port {smsc_port}", "username jasmin",
            f"password {PASSWORD}", "submit_throughput 0", "bind transceiver", "ok")
        await jcli(ports["jcli"], "smppccm -1 smsc")
        await jcli(ports["jcli"], "mtrouter -a", "type DefaultRoute", "connector smppc(smsc)", "rate 0.0", "ok")

        async def use(script):
            await jcli(ports["jcli"], "mtinterceptor -f")
            if script:
                await jcli(
                    ports["jcli"], "mtinterceptor -a", "type DefaultInterceptor", f"script python3({HERE / script})", "ok")
            smsc.received.clear()

        await use("interceptor.py")
        status, seconds = await through_jasmin(ports, made, smsc)
        sent, refused = compare(made, decisions, status, smsc)
        print(f"{sent} messages have the source address that `callsign resolve` decides, {refused} were refused as it decides "
              f"({seconds:.1f} s)", flush=True)

        # By turns, so that what else the machine does falls on all of them.
        carried = [one for one in made if "refusal" not in decisions[one["messageId"]]]
        scripts = {"callsign": "interceptor.py", "documented script": "documented.py", "no interceptor": None}
        figures = {name: [] for name in scripts}
        for turn in range(TURNS):
            for name, script in scripts.items():
                await use(script)
                part = carried[turn::TURNS]
                status, seconds = await through_jasmin(ports, part, smsc)
                assert len(smsc.received) == len(part), f"{name}: {len(smsc.received)} of {len(part)} messages arrived"
                if name == "documented script":
                    assert {source for (source, _, _), _ in smsc.received.values()} == {"123456789"}
                figures[name].append(len(part) / seconds)
                processes.check()
        for name, rates in figures.items():
            print(f"{name}: {statistics.median(rates):.0f} messages a second in the median of {TURNS} turns, "
                  f"{min(rates):.0f} to {max(rates):.0f}")
    finally:
        processes.stop()
        await smsc.stop()
        subprocess.run(["epmd", "-port", str(ports["epmd"]), "-kill"], capture_output=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callsign", required=True, type=Path, help="the command")
    parser.add_argument("--amqp-spec", required=True, type=Path, help="amqp0-9-1.xml of Jasmin's source package")
    parser.add_argument("--folder", required=True, type=Path, help="for all that the servers write; it is emptied first")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"{arguments.messages} messages, seed {arguments.seed}", flush=True)
    arguments.folder, arguments.callsign = arguments.folder.resolve(), arguments.callsign.resolve()
    arguments.amqp_spec = arguments.amqp_spec.resolve()
    asyncio.run(run(arguments))


if __name__ == "__main__":
    main()
