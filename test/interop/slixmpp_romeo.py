"""Romeo at slixmpp. Says on standard output what he sees, and does what he is told on standard input."""
import asyncio
import sys

import slixmpp


def say(*words):
    print(*words, flush=True)


class Romeo(slixmpp.ClientXMPP):
    def __init__(self, password, certificates):
        super().__init__("romeo@localhost/orchard", password)
        self.ca_certs = certificates
        self.auto_authorize = True
        self.auto_subscribe = False
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("failed_auth", lambda _: say("failed-auth"))
        self.add_event_handler("presence_available", lambda p: say("available", p["from"].full))
        self.add_event_handler("presence_unavailable", lambda p: say("unavailable", p["from"].full))
        self.add_event_handler("presence_subscribed", lambda p: say("subscribed", p["from"].full))
        self.add_event_handler("presence_subscribe", lambda p: say("subscribe", p["from"].full))
        self.add_event_handler("message", lambda m: say("message", m["body"]))
        self.add_event_handler("disconnected", lambda _: say("disconnected"))

    async def started(self, _):
        roster = await self.get_roster()
        items = roster["roster"]["items"]
        say("roster", *sorted(f"{jid}={item['subscription']}" for jid, item in items.items()))
        self.send_presence()
        asyncio.get_event_loop().create_task(self.listen())

    async def listen(self):
        reader = asyncio.StreamReader()
        await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode():
            command, _, rest = line.strip().partition(" ")
            if command == "subscribe":
                self.send_presence(pto=rest, ptype="subscribe")
            elif command == "message":
                to, _, body = rest.partition(" ")
                self.send_message(mto=to, mbody=body, mtype="chat")
            elif command == "quit":
                await self.disconnect()
                return


port, password, certificates = sys.argv[1:4]
romeo = Romeo(password, certificates)
romeo.connect(address=("127.0.0.1", int(port)), disable_starttls=False)
romeo.loop.run_until_complete(romeo.disconnected)
