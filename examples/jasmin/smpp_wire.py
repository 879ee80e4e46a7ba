"""As much of SMPP 3.4 as an ESME and an SMSC need to exchange submit_sm, by itself: what Jasmin's library gets wrong would show."""

import asyncio
import struct

BIND_TRANSCEIVER, SUBMIT_SM, ENQUIRE_LINK, UNBIND = 0x09, 0x04, 0x15, 0x06
RESPONSE = 0x8000_0000
HEADER = struct.Struct(">IIII")


def pdu(command, status, sequence, body=b""):
    return HEADER.pack(16 + len(body), command, status, sequence) + body


async def read(reader):
    """The next PDU, as (command, status, sequence, body); None at the end of the connection."""
    try:
        length, command, status, sequence = HEADER.unpack(await reader.readexactly(16))
        return command, status, sequence, await reader.readexactly(length - 16)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def texts(*values):
    return b"".join(value.encode("latin-1") + b"\0" for value in values)


def bind(user, password):
    return texts(user, password, "") + bytes([0x34, 0, 0, 0])


def submit(to, text):
    """A submit_sm without a source address, to an international number."""
    text = text.encode("latin-1")
    return b"\0" + b"\0\0\0" + b"\1\1" + texts(to) + b"\0\0\0" + b"\0\0" + bytes([0, 0, 0, 0, len(text)]) + text


def read_submit(body):
    """Of a submit_sm: the source address with its type of number and its numbering plan, the recipient, the text."""

    def text(start):
        end = body.index(0, start)
        return body[start:end].decode("latin-1"), end + 1

    _, place = text(0)
    ton, npi = body[place], body[place + 1]
    source, place = text(place + 2)
    to, place = text(place + 2)
    _, place = text(place + 3)
    _, place = text(place)
    length = body[place + 4]
    return (source, ton, npi), to, body[place + 5 : place + 5 + length].decode("latin-1")


class Smsc:
    """A short message service centre that accepts every message, and keeps what each looked like by its text."""

    def __init__(self):
        self.received = {}
        self.more = asyncio.Event()
        self.serving = set()

    async def start(self):
        """Listens on loopback; returns the port."""
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        for _, writer in self.serving:
            writer.close()
        await asyncio.gather(*(task for task, _ in self.serving))

    async def serve(self, reader, writer):
        self.serving.add((asyncio.current_task(), writer))
        while found := await read(reader):
            command, _, sequence, body = found
            if command == SUBMIT_SM:
                source, to, text = read_submit(body)
                self.received[text] = (source, to)
                self.more.set()
                writer.write(pdu(command | RESPONSE, 0, sequence, texts(f"smsc-{len(self.received)}")))
            elif command == BIND_TRANSCEIVER:
                writer.write(pdu(command | RESPONSE, 0, sequence, texts("smsc")))
            elif not command & RESPONSE:
                writer.write(pdu(command | RESPONSE, 0, sequence))
            await writer.drain()
        writer.close()

    async def wait_for(self, count, limit):
        async with asyncio.timeout(limit):
            while len(self.received) < count:
                self.more.clear()
                await self.more.wait()


class Esme:
    """A client that keeps a window of messages under way, and the status of each by its text."""

    def __init__(self, window):
        self.window = asyncio.Semaphore(window)
        self.waiting, self.status, self.sequence = {}, {}, 0

    async def connect(self, port, user, password):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(pdu(BIND_TRANSCEIVER, 0, 0, bind(user, password)))
        found = await read(self.reader)
        if found is None or found[1] != 0:
            raise RuntimeError(f"{user} cannot bind: {found}")
        self.listening = asyncio.create_task(self.listen())

    async def listen(self):
        while found := await read(self.reader):
            command, status, sequence, _ = found
            if command == SUBMIT_SM | RESPONSE:
                self.status[self.waiting.pop(sequence)] = status
                self.window.release()
            elif not command & RESPONSE:
                self.writer.write(pdu(command | RESPONSE, 0, sequence))

    async def send(self, to, text):
        await self.window.acquire()
        self.sequence += 1
        self.waiting[self.sequence] = text
        self.writer.write(pdu(SUBMIT_SM, 0, self.sequence, submit(to, text)))
        await self.writer.drain()

    async def close(self):
        self.listening.cancel()
        self.writer.close()
