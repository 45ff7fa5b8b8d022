"""Romeo at aioxmpp. Says on standard output what he sees, and does what he is told on standard input."""
import asyncio
import sys

import aioxmpp
from aioxmpp.connector import STARTTLSConnector
from aioxmpp.dispatcher import SimpleMessageDispatcher
from aioxmpp.security_layer import default_ssl_context, make


def say(*words):
    print(*words, flush=True)


class Romeo:
    def __init__(self, port, password, certificates):
        def trust():
            context = default_ssl_context()
            context.load_verify_locations(certificates)
            return context

        self.client = aioxmpp.PresenceManagedClient(
            aioxmpp.JID.fromstr("romeo@localhost/orchard"),
            make(password, ssl_context_factory=trust),
            override_peer=[("127.0.0.1", port, STARTTLSConnector())],
        )
        self.roster = self.client.summon(aioxmpp.RosterClient)
        self.roster.on_initial_roster_received.connect(self.initial_roster)
        self.roster.on_subscribed.connect(lambda stanza: say("subscribed", stanza.from_))
        self.roster.on_subscribe.connect(self.subscription_request)
        presence = self.client.summon(aioxmpp.PresenceClient)
        presence.on_available.connect(lambda full, stanza: say("available", full))
        # What it saw before its connection broke it takes for valid until it hears something new.
        presence.on_changed.connect(lambda full, stanza: say("available", full))
        presence.on_unavailable.connect(lambda full, stanza: say("unavailable", full))
        self.client.summon(SimpleMessageDispatcher).register_callback(
            aioxmpp.MessageType.CHAT, None, lambda message: say("message", message.body.any())
        )

    def initial_roster(self):
        items = self.roster.items.items()
        say("roster", *sorted(f"{jid}={item.subscription}" for jid, item in items))

    def subscription_request(self, stanza):
        say("subscribe", stanza.from_)
        self.roster.approve(stanza.from_)

    async def run(self):
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async with self.client.connected():
            while line := (await reader.readline()).decode():
                command, _, rest = line.strip().partition(" ")
                if command == "subscribe":
                    self.roster.subscribe(aioxmpp.JID.fromstr(rest))
                elif command == "message":
                    to, _, body = rest.partition(" ")
                    message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=aioxmpp.JID.fromstr(to))
                    message.body[None] = body
                    await self.client.send(message)
                elif command == "quit":
                    return


async def main(port, password, certificates):
    await Romeo(int(port), password, certificates).run()


asyncio.run(main(*sys.argv[1:4]))
