"""A bot for Parlor in one file: `/roll 3` rolls three dice, one after another, and tells the room.

It knows nothing of Parlor but docs/asyncapi-broker.json. Start it beside a RabbitMQ and a Parlor that meet there:

    python -m venv venv && venv/bin/pip install -r requirements.txt
    PARLOR_BROKER_URL=amqp://guest:guest@127.0.0.1:5672/%2f venv/bin/python dice_bot.py

Start it three times, and the three share the work.
"""

import json
import logging
import os
import random
import signal
import time
import uuid
from collections import deque
from datetime import datetime, timezone

import pika
from pika.exceptions import AMQPError, ConsumerCancelled, NackError, UnroutableError

BROKER = os.environ.get("PARLOR_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")
PREFIX = os.environ.get("PARLOR_BROKER_PREFIX", "parlor")

# What this bot can do. The page completes `/roll` from this, and the chat checks the arguments before the bot sees them.
MANIFEST = {
    "bot": "dice",
    "name": "Dice",
    "replica": uuid.uuid4().hex,
    "commands": [
        {
            "name": "roll",
            "summary": "Rolls dice, one after another",
            "arguments": [
                # `/roll 3`
                {"name": "dice", "kind": {"type": "integer", "min": 1, "max": 20}, "required": False},
                # `/roll 3 --sides 20`
                {"name": "sides", "kind": {"type": "integer", "min": 2, "max": 1000}, "required": False, "option": True},
            ],
            "deadline_ms": 30_000,
        }
    ],
}
ANNOUNCE_EVERY = 5  # seconds; the chat forgets a bot that has been silent for 15
A_DIE_ROLLS_FOR = 0.5  # seconds
LOOK_UP_EVERY = 0.2  # seconds between two looks at the clock and at `stopping`

log = logging.getLogger("dice-bot")
stopping = False


def roll(bot, invocation):
    """The command itself: what it gives back is the outcome."""
    dice = invocation["arguments"].get("dice", 1)
    sides = invocation["arguments"].get("sides", 6)
    rolled = []
    for n in range(dice):
        bot.report(invocation, n / dice, f"die {n + 1} of {dice} rolls")
        bot.pause(A_DIE_ROLLS_FOR)
        rolled.append(random.randint(1, sides))
    sum_of_all = f" = {sum(rolled)}" if dice > 1 else ""
    return {"type": "message", "text": f"🎲 {' + '.join(map(str, rolled))}{sum_of_all}"}


COMMANDS = {"roll": roll}


class Bot:
    """One connection's life: it announces, takes invocations, answers. Everything happens in one thread."""

    def __init__(self, connection):
        self.connection = connection
        self.channel = connection.channel()
        self.channel.add_on_cancel_callback(self.lose_queue)
        self.channel.confirm_delivery()  # from now on `basic_publish` returns once the broker has the message
        self.channel.basic_qos(prefetch_count=1)  # what this replica has no hands for is another's
        self.replies = self.channel.queue_declare(
            f"{PREFIX}.replies.{MANIFEST['replica']}", exclusive=True, auto_delete=True
        ).method.queue
        self.channel.basic_consume(self.replies, self.hear_reply, auto_ack=True)
        self.consumed = {}  # which queue is consumed, by command
        self.waiting = deque()  # what has been delivered and is not yet carried out
        self.next_announcement = 0.0

    def run(self):
        while not stopping:
            self.look_up(LOOK_UP_EVERY)
            while self.waiting and not stopping:
                self.take(*self.waiting.popleft())
        # Whatever is not acknowledged goes back to its queue as the connection closes, for another replica.

    def look_up(self, at_most):
        """Hears the broker, and tells the chat that the bot is there."""
        if time.monotonic() >= self.next_announcement:
            self.announce()
        self.connection.process_data_events(time_limit=at_most)

    def pause(self, seconds):
        """In place of `time.sleep`, which would let the chat and the broker think that the bot is gone."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.look_up(min(left, LOOK_UP_EVERY))

    def announce(self):
        self.next_announcement = time.monotonic() + ANNOUNCE_EVERY
        try:
            # It need not outlive its successor.
            self.publish("bots", MANIFEST, reply_to=self.replies, expiration=str(ANNOUNCE_EVERY * 1000))
        except (UnroutableError, NackError):
            log.warning("no chat takes manifests at %s.bots yet", PREFIX)

    def hear_reply(self, _channel, _method, _properties, body):
        reply = json.loads(body)
        for refused in reply["refused"]:
            log.warning("/%s is refused: %s", refused["command"], refused["reason"])
            if tag := self.consumed.pop(refused["command"], None):
                self.channel.basic_cancel(tag)
        for accepted in reply["accepted"]:
            if accepted["command"] not in self.consumed:
                log.info("takes /%s from %s", accepted["command"], accepted["queue"])
                self.consumed[accepted["command"]] = self.channel.basic_consume(
                    accepted["queue"], lambda _channel, method, _properties, body: self.waiting.append((method, body))
                )

    def lose_queue(self, _cancelled):
        raise ConsumerCancelled  # `main` begins anew, and so asks the chat for its queues again

    def take(self, method, body):
        """An invocation's way: read, carry out, answer, and only then acknowledge."""
        try:
            invocation = json.loads(body)
            command = COMMANDS[invocation["command"]]
            deadline = datetime.fromisoformat(invocation["deadline"].replace("Z", "+00:00"))
        except Exception as error:
            log.warning("rejects an invocation that it cannot read (%s)", type(error).__name__)
            return self.channel.basic_reject(method.delivery_tag, requeue=False)
        if datetime.now(timezone.utc) < deadline:  # else nobody waits for it any more
            try:
                outcome = command(self, invocation)
            except AMQPError:
                raise  # the connection has gone, and the invocation is back on its queue
            except Exception:
                log.exception("/%s failed", invocation["command"])
                outcome = {"type": "error", "code": "command_failed", "message": "The bot failed on this command."}
            answer = {"id": invocation["id"], "bot": MANIFEST["bot"], "replica": MANIFEST["replica"], "outcome": outcome}
            self.answer(answer, deadline)
        self.channel.basic_ack(method.delivery_tag)

    def answer(self, answer, deadline):
        """The chat may be slow to take answers. The work is done, so it is the answer that is tried again."""
        while True:
            try:
                return self.publish("answers", answer, correlation_id=answer["id"])
            except (UnroutableError, NackError):
                if datetime.now(timezone.utc) >= deadline:
                    return log.warning("an answer found no place in time")
                self.pause(0.5)

    def report(self, invocation, fraction, text):
        """Tells whoever asked how far it is. It may be lost."""
        progress = {"id": invocation["id"], "fraction": fraction, "text": text}
        properties = pika.BasicProperties(content_type="application/json")
        self.channel.basic_publish(f"{PREFIX}.hints", f"{PREFIX}.progress", json.dumps(progress), properties)

    def publish(self, queue, message, **properties):
        """Returns once the broker keeps the message. `mandatory` makes a queue that is not there an error."""
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=pika.DeliveryMode.Persistent.value, **properties
        )
        self.channel.basic_publish("", f"{PREFIX}.{queue}", json.dumps(message), properties, mandatory=True)


def stop(_signal, _frame):
    global stopping
    stopping = True


def main():
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    broker = pika.URLParameters(BROKER)
    broker.heartbeat = 10  # seconds, so that a connection that died silently is noticed
    pause = 0.1
    while not stopping:
        try:
            with pika.BlockingConnection(broker) as connection:
                log.info("is connected")
                pause = 0.1
                Bot(connection).run()
        except (AMQPError, OSError) as error:
            log.warning("the broker is out of reach, tries again in %.1f s (%s)", pause, type(error).__name__)
            time.sleep(pause)
            pause = min(pause * 2, 2)


if __name__ == "__main__":
    main()
