"""Threads, asyncio, and processes that are forked."""

import asyncio
import collections.abc
import inspect
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import callsign_gateway as cg

from .platform import COMPONENT, catalog, elements, gateway_of, message

STICKY = {"useStickySender": True, "useGeolocatedSender": False}
MESSAGES = [message(f"+1{area}555{place:04}") for place, area in enumerate([415, 212, 305] * 50)]


class Threads(unittest.TestCase):
    def test_threads_share_a_gateway_while_its_catalog_and_policies_change(self):
        gateway = gateway_of(catalog())
        wanted = [gateway.resolve(one) for one in MESSAGES]
        stop = threading.Event()

        def change():
            limits = cg.Limits(deadline_ms=60_000)
            while not stop.is_set():
                gateway.replace_catalog(catalog())
                gateway.swap(cg.Policy.load(COMPONENT, limits=limits), application="shop")
                gateway.rollback() if len(gateway.history()) > 1 else None
                gateway.take_events()

        with ThreadPoolExecutor(5) as pool:
            changing = pool.submit(change)
            try:
                for answers in pool.map(lambda _: [gateway.resolve(one) for one in MESSAGES], range(20)):
                    self.assertEqual(answers, wanted)
                for answers in pool.map(lambda _: gateway.resolve_many(MESSAGES), range(20)):
                    self.assertEqual(answers, wanted)
            finally:
                stop.set()
            changing.result()

    def test_other_threads_run_while_one_decides(self):
        gateway = gateway_of(catalog())
        batch = [message()] * 1_000
        go, ran = threading.Event(), threading.Event()

        def other():
            go.wait()
            ran.set()

        # With a switch interval of an hour nobody is asked to give the GIL up: others run only where it is released.
        before = sys.getswitchinterval()
        thread = threading.Thread(target=other)
        thread.start()
        sys.setswitchinterval(3600)
        try:
            go.set()
            for _ in range(10_000):
                gateway.resolve_many(batch)
                if ran.is_set():
                    break
            self.assertTrue(ran.is_set())
        finally:
            sys.setswitchinterval(before)
            thread.join()

    def test_a_gateway_can_be_closed_while_others_decide(self):
        gateway = gateway_of(catalog())
        begun = threading.Barrier(4)

        def decide():
            begun.wait()
            decided = 0
            while True:
                try:
                    gateway.resolve(message())
                    decided += 1
                except cg.ClosedError:
                    return decided

        with ThreadPoolExecutor(3) as pool:
            deciding = [pool.submit(decide) for _ in range(3)]
            begun.wait()
            gateway.close()
            self.assertTrue(all(one.result() >= 0 for one in deciding))


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        # How fast the machine is does not matter.
        asyncio.get_running_loop().slow_callback_duration = 3600

    async def test_a_quick_decision_is_the_same_as_one_that_blocks(self):
        gateway = gateway_of(catalog())
        for one in MESSAGES[:10]:
            self.assertEqual(await gateway.resolve_async(one), gateway.resolve(one))
        self.assertEqual(await gateway.resolve_many_async(MESSAGES), gateway.resolve_many(MESSAGES))

    async def test_it_is_a_coroutine_for_whoever_asks(self):
        pending = gateway_of(catalog()).resolve_async(message())
        self.assertIsInstance(pending, collections.abc.Coroutine)
        self.assertTrue(inspect.isawaitable(pending))
        task = asyncio.create_task(pending)
        self.assertEqual((await task).sender_id, "S1")
        with self.assertRaisesRegex(RuntimeError, "was awaited before"):
            await pending

    async def test_pins_on_a_disk_are_awaited_while_the_loop_goes_on(self):
        with tempfile.TemporaryDirectory() as folder, gateway_of(catalog(**STICKY), pins=folder) as gateway:
            first = await asyncio.gather(*(gateway.resolve_async(one) for one in MESSAGES))
            again = await gateway.resolve_many_async(MESSAGES)
            self.assertEqual([one.step for one in first], ["POOL"] * len(MESSAGES))
            self.assertEqual([one.step for one in again], ["STICKY"] * len(MESSAGES))
            self.assertEqual([one.sender_id for one in first], [one.sender_id for one in again])

    async def test_a_decision_that_is_given_up_is_given_up(self):
        with tempfile.TemporaryDirectory() as folder, gateway_of(catalog(**STICKY), pins=folder) as gateway:
            tasks = [asyncio.create_task(gateway.resolve_async(one)) for one in MESSAGES]
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            for end in ends:
                self.assertIsInstance(end, (asyncio.CancelledError, cg.Decision))
            # The gateway goes on as before.
            self.assertIn((await gateway.resolve_async(message())).step, ("POOL", "STICKY"))

    async def test_it_can_be_asked_from_another_thread(self):
        gateway = gateway_of(catalog())
        loop = asyncio.get_running_loop()

        def elsewhere():
            async def ask():
                return await gateway.resolve_async(message())

            return asyncio.run_coroutine_threadsafe(ask(), loop).result()

        self.assertEqual((await asyncio.to_thread(elsewhere)).sender_id, "S1")

    def test_a_loop_may_end_before_its_decisions_do(self):
        with tempfile.TemporaryDirectory() as folder, gateway_of(catalog(**STICKY), pins=folder) as gateway:
            async def leave():
                for one in MESSAGES:
                    asyncio.ensure_future(gateway.resolve_async(one))
                await asyncio.sleep(0)

            asyncio.run(leave())
            self.assertIn(gateway.resolve(message()).step, ("POOL", "STICKY"))

    def test_without_a_loop_a_decision_that_must_wait_says_so(self):
        with tempfile.TemporaryDirectory() as folder, gateway_of(catalog(**STICKY), pins=folder) as gateway:
            with self.assertRaisesRegex(RuntimeError, "no running event loop"):
                gateway.resolve_async(message()).send(None)


class Processes(unittest.TestCase):
    """Each in a process of its own, so that it is known what that has made before its fork."""

    def run_script(self, script):
        done = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
            capture_output=True, text=True, timeout=120, cwd=Path(__file__).resolve().parents[1],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    BEGIN = """
import json, os, sys
import callsign_gateway as cg
from tests.platform import catalog, message
def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            sys.stdout.flush()
            os._exit(0)
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""

    def test_after_a_fork_every_use_is_an_error_that_names_both_processes(self):
        self.run_script(self.BEGIN + """
made = catalog()
gateway, policy = cg.Gateway(made), cg.Policy.standard()
pending, parent = gateway.resolve_async(message()), os.getpid()
def work():
    uses = [
        lambda: gateway.resolve(message()), lambda: gateway.resolve_many([]), lambda: gateway.resolve_async(message()),
        lambda: gateway.explain(message()), lambda: gateway.swap(policy), lambda: gateway.close(), lambda: gateway.revision,
        lambda: pending.send(None), lambda: policy.label, lambda: cg.Gateway(made), lambda: cg.Policy.standard(),
    ]
    for use in uses:
        try:
            use()
        except cg.ForkError as error:
            assert str(os.getpid()) in str(error) and str(parent) in str(error), error
        else:
            raise AssertionError("it can be used")
    # What has no threads can be used, and what has some can be dropped.
    assert message() == message() and made.counts["senders"] == 2
    global_names = globals()
    for name in ("gateway", "policy", "pending"):
        del global_names[name]
in_child(work)
assert gateway.resolve(message()).sender_id == "S1"
""")

    def test_a_child_of_a_process_that_has_only_read_a_catalog_decides(self):
        self.run_script(self.BEGIN + """
made = catalog()
def work():
    assert cg.Gateway(made).resolve(message()).sender_id == "S1"
in_child(work)
in_child(work)
assert cg.Gateway(made).resolve(message()).sender_id == "S1"
""")

    def test_a_forked_child_ends_like_any_other(self):
        with tempfile.TemporaryDirectory() as folder:
            self.run_script(self.BEGIN + f"""
gateway = cg.Gateway(catalog(useStickySender=True), pins={folder!r})
gateway.record_to({folder + "/log"!r})
gateway.resolve(message())
pid = os.fork()
if pid == 0:
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
gateway.flush_log()
assert gateway.resolve(message()).step == "STICKY"
""")

    def test_a_process_that_is_spawned_has_a_gateway_of_its_own(self):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            self.assertEqual(pool.apply(decide_elsewhere), "S1")

    def test_an_interpreter_ends_while_a_decision_is_awaited(self):
        with tempfile.TemporaryDirectory() as folder:
            self.run_script(self.BEGIN + f"""
import asyncio
gateway = cg.Gateway(catalog(useStickySender=True, useGeolocatedSender=False), pins={folder!r})
async def leave():
    kept.append(asyncio.ensure_future(gateway.resolve_async(message())))
    await asyncio.sleep(0)
kept, loop = [], asyncio.new_event_loop()
loop.run_until_complete(leave())
""")


def decide_elsewhere():
    return cg.Gateway(catalog()).resolve(message()).sender_id


if __name__ == "__main__":
    unittest.main()
