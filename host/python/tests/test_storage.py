"""Pins, the decision log, and closing."""

import gc
import stat
import tempfile
import unittest
from pathlib import Path

import callsign_gateway as cg

from .platform import catalog, gateway_of, message

STICKY = {"useStickySender": True, "useGeolocatedSender": False}


class Storage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_recipient_keeps_its_sender_in_the_next_process(self):
        with gateway_of(catalog(**STICKY), pins=self.folder / "pins") as gateway:
            first = gateway.resolve(message())
            self.assertEqual(first.step, "POOL")
        with gateway_of(catalog(**STICKY), pins=str(self.folder / "pins")) as gateway:
            again = gateway.resolve(message())
            self.assertEqual((again.step, again.sender_id), ("STICKY", first.sender_id))

    def test_a_folder_of_pins_is_open_once_and_free_after_the_last_reference(self):
        gateway = cg.Gateway(catalog(), pins=self.folder / "pins")
        with self.assertRaises(cg.StoreError):
            cg.Gateway(catalog(), pins=self.folder / "pins")
        del gateway
        gc.collect()
        cg.Gateway(catalog(), pins=self.folder / "pins").close()

    def test_an_address_or_a_key_that_is_none_is_refused(self):
        with self.assertRaisesRegex(cg.StoreError, "`pins`"):
            cg.Gateway(catalog(), pins="postgresql://?no-such-option=1")
        with self.assertRaisesRegex(ValueError, "64 hexadecimal digits"):
            cg.Gateway(catalog(), pins=self.folder / "pins", recipient_key="secret")
        with self.assertRaisesRegex(ValueError, "give its address"):
            cg.Gateway(catalog(), recipient_key="0" * 64)

    def test_a_closed_gateway_says_so(self):
        with cg.Gateway(catalog()) as gateway:
            pending = gateway.resolve_async(message())
        gateway.close()
        self.assertEqual(repr(gateway), "Gateway(closed)")
        pending.close()
        for use in [
            lambda: gateway.resolve(message()),
            lambda: gateway.resolve_many([]),
            lambda: gateway.resolve_async(message()),
            lambda: gateway.revision,
            lambda: gateway.take_events(),
            lambda: gateway.__enter__(),
        ]:
            with self.assertRaisesRegex(cg.ClosedError, "was closed"):
                use()

    def test_decisions_are_recorded_and_none_is_lost_under_keep(self):
        log = self.folder / "log"
        with gateway_of(catalog()) as gateway:
            gateway.flush_log()
            gateway.record_to(log, promise="keep", recipients="plain", attributes=[], parquet=False)
            self.assertTrue(all(one.sender for one in gateway.resolve_many([message(id=f"m-{n}") for n in range(100)])))
            gateway.flush_log()
            written = sum(file.stat().st_size for file in log.iterdir())
            self.assertGreater(written, 100)
            with self.assertRaises(cg.LogError):
                cg.Gateway(catalog()).record_to(log)
            gateway.stop_recording()
            gateway.record_to(log)
        self.assertFalse(log.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))

    def test_the_words_of_a_log_are_checked(self):
        gateway = cg.Gateway(catalog())
        for wrong in [{"promise": "try"}, {"recipients": "hidden"}, {"key": "secret"}]:
            with self.subTest(wrong=wrong), self.assertRaisesRegex(ValueError, next(iter(wrong))):
                gateway.record_to(self.folder / "log", **wrong)
        self.assertFalse((self.folder / "log").exists())

    def test_compiled_code_is_kept_in_a_folder_of_its_own(self):
        first = cg.Policy.standard(cache=self.folder / "compiled")
        self.assertTrue(list((self.folder / "compiled").glob("*.cwasm")))
        self.assertEqual(cg.Policy.standard(cache=self.folder / "compiled").digest, first.digest)


if __name__ == "__main__":
    unittest.main()
