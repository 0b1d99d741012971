"""What schemathesis is told about our world: ids of things that exist, and one more check.

Generated ids hit nothing, so three of four requests that conform to the document are given real ones,
and values that belong together; the fourth goes out as it was drawn. Two of the three keep all that was
drawn, with values that fit this world; the other leaves out what would have to fit. Parts that were
drawn to be refused stay as they were drawn. Everything here counts, nothing is random: the same seed
asks the same.
"""

import atexit
import collections
import datetime
import itertools
import json
import os
import time

import requests.adapters
import schemathesis
import urllib3.util.connection
from hypothesis import strategies
from schemathesis.core.parameters import ParameterLocation

WORLD = json.load(open(os.environ["TIDEGATE_WORLD"]))
ROLE = os.environ["TIDEGATE_ROLE"]
SERVER, _, WHO = ROLE.partition("-")
# Whoever has no token is refused before anything is looked at; any world will do.
OWN = WORLD["agent"] if SERVER == "agent" else WORLD["cloud"][WHO if WHO in WORLD["cloud"] else "organizer"]
TOKEN = None if WHO == "nobody" else OWN["token"]

statuses = collections.defaultdict(collections.Counter)
turns = collections.Counter()


# --- failed sign-ins: counted by address, so each comes from an address of its own

addresses = (f"127.{os.getpid() % 200 + 20}.{a}.{b}" for a in itertools.cycle(range(1, 255)) for b in range(1, 255))
connect = urllib3.util.connection.create_connection
send = requests.adapters.HTTPAdapter.send


def connect_from_another(address, timeout=None, source_address=None, socket_options=None):
    return connect(address, timeout, (next(addresses), 0), socket_options)


def send_strangers_apart(self, request, **more):
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        request.headers["Connection"] = "close"
    return send(self, request, **more)


urllib3.util.connection.create_connection = connect_from_another
requests.adapters.HTTPAdapter.send = send_strangers_apart


# --- instants from 1900 to 2200, as the document says in words and by a pattern

schemathesis.openapi.format(
    "date-time",
    strategies.datetimes(datetime.datetime(1901, 1, 1), datetime.datetime(2199, 1, 1)).map(
        lambda instant: instant.replace(microsecond=0).isoformat() + "Z"
    ),
)


# --- real ids

def spare(kind, field=None):
    """The next thing of a kind; the last one again when all are used up."""
    things = OWN["spare"][kind] if SERVER == "cloud" else OWN[kind]
    thing = things[min(turns[kind], len(things) - 1)]
    turns[kind] += 1
    return thing[field] if field else thing


def of_order(method, verb):
    kinds = {"pay": "pay", "cancel": "order_cancel", "expire": "expire", "approve": "approve"}
    return spare(kinds[verb]) if verb in kinds else spare("refund" if verb == "refund" else "read", "order")


def of_ticket(method, verb):
    kinds = {"reissue": "reissue", "block": "block", "unblock": "block", "cancel": "ticket_cancel"}
    return spare("change" if method == "PATCH" else kinds.get(verb, "read"), "ticket")


def in_address(method, path, body):
    """Values of the parts of an address."""
    if SERVER == "agent" and path.startswith("/v1/lanes"):
        return {"lane": spare("lanes") if method == "DELETE" else OWN["lane"]}
    if SERVER == "agent":
        paid = spare("paid")
        return {"order": paid["order_code"], "id": paid["ticket"]}
    _, _, noun, *rest = path.split("/")
    verb = rest[1] if len(rest) > 1 else ""
    match noun:
        case "events":
            return {"id": OWN["event"], "role": "gate"}
        case "zones":
            return {"id": OWN["zone"]}
        case "products":
            return {"id": OWN["drink" if "restock" in body else "ticket_product"]}
        case "lists":
            return {"id": OWN["list"]}
        case "orders" if "tickets" in body:
            return {"id": spare("refund_part", "order")}
        case "orders":
            return {"id": of_order(method, verb)}
        case "tickets":
            return {"id": of_ticket(method, verb)}
        case "devices":
            return {"id": spare("retire_device" if verb == "retire" else verb)}
        case "keys":
            return {"id": spare("retire")}
        case "staff":
            return {"event": OWN["event"], "name": spare("staff") if method == "DELETE" else OWN["supervisor"]}
    return {}


def in_query(path, query):
    """Values of the query: the event, one way of asking at a time, and no page that was never given."""
    query.pop("after", None)
    query.pop("before", None)
    if SERVER == "agent":
        return query | ({"find": "Maria"} if path == "/v1/tickets" else {})
    if path == "/v1/tickets" and "order" in query:
        query.pop("event", None)
        query["order"] = spare("read", "order")
    elif path in ("/v1/tickets", "/v1/orders", "/v1/products", "/v1/zones", "/v1/lists", "/v1/devices", "/v1/keys",
                  "/v1/staff"):
        query["event"] = OWN["event"]
    if "list" in query:
        query["list"] = OWN["list"]
    if path.endswith("/attendance") and query.get("format") != "csv":
        query.pop("by", None)
    return query


QUESTION = {"id": "shirt", "text": "Which shirt size?", "at_checkin": True}
RULES = itertools.cycle([
    {"<": [{"var": "entries_number"}, 3]},
    {"isAfter": [{"var": "now"}, {"buildTime": ["date_admission"]}, 30]},
    {"or": [{"==": [{"var": "entry_status"}, "absent"]}, {"<=": [{"var": "entries_today"}, 9]}]},
    {"and": [{">=": [{"var": "now_isoweekday"}, 1]}, {"<": [{"entries_since": [{"buildTime": ["date_from"]}]}, 5]}]},
])
# A second of the past and one of the future, whatever the clock says here.
FROM, UNTIL = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
# What has to fit something else: what of it does.
FITTING = {
    "date": lambda drawn: OWN["date"],
    "variation": lambda drawn: OWN["variation"],
    # More would soon be as many as a product may have.
    "variations": lambda drawn: drawn[:1],
    "add_variations": lambda drawn: drawn[:1],
    "addon_to": lambda drawn: spare("read", "ticket"),
    "answers": lambda drawn: {QUESTION["id"]: "L"},
    "rules": lambda drawn: next(RULES),
    "unchecked_rules": lambda drawn: drawn,
    "dates": lambda drawn: [{"starts_at": FROM, "ends_at": UNTIL}, {"starts_at": UNTIL}],
    "questions": lambda drawn: [QUESTION],
    "doors_at": lambda drawn: FROM,
    "ends_at": lambda drawn: UNTIL,
    "valid_from": lambda drawn: FROM,
    "valid_until": lambda drawn: UNTIL,
    "auto_exit_at": lambda drawn: UNTIL,
    "at": lambda drawn: OWN["at"],
    "tickets": lambda drawn: drawn,
    "outcome": lambda drawn: drawn,
    "stock": lambda drawn: drawn,
    "restock": lambda drawn: drawn,
    "override": lambda drawn: override(),
    "again": lambda drawn: drawn,
}


def fitting(body, whole):
    """The body with what fits, or without what has to."""
    body = {name: FITTING[name](value) if name in FITTING and value is not None else value
            for name, value in body.items() if whole or name not in FITTING}
    if whole and "starts_at" in body and "ends_at" in body:
        body["starts_at"] = FROM
    return body


def override():
    """The decision of a supervisor who may take it."""
    return {"reason": "Known to us", **({"session": session()} if SERVER == "agent" else {
        "supervisor": OWN["supervisor"], "pin": OWN["pin"]})}


opened = {}


def session():
    """A session at the agent, opened anew after half of its two minutes."""
    if time.monotonic() > opened.get("until", 0):
        answer = requests.post(f"{OWN['url']}/v1/sessions", headers={"Authorization": f"Bearer {TOKEN}"},
                               json={"name": OWN["supervisor"], "pin": OWN["pin"]}, timeout=20)
        # Whoever may not sign in is refused whatever session they name.
        opened.update(until=time.monotonic() + 60, session=answer.json().get("session", "none"))
    return opened["session"]


def in_body(path, body, address, whole):
    """The body with real ids."""
    if SERVER == "agent":
        return at_the_agent(path, body, address)
    known = {"event": OWN["event"], "organizer": OWN["organizer"], "device": OWN["device"], "list": OWN["list"]}
    body |= {name: value for name, value in known.items() if name in body}
    drink = path.endswith(("/servings", "/grants", "/allotments"))
    if "product" in body:
        body["product"] = OWN["drink"] if drink else OWN["ticket_product"]
    if "products" in body:
        body["products"] = [OWN["ticket_product"]] if body["products"] is not None else None
    if body.get("zone") is not None:
        body["zone"] = OWN["zone"]
    if "credits" in body:
        body["credits"] = [{"product": OWN["drink"], "units": 1}]
    match path.rsplit("/", 1)[1]:
        case "events" | "{id}" if "timezone" in body:
            body["timezone"] = "Europe/Berlin"
        case "products":
            served = "stock" in body and not body.get("credits")
            body["kind"] = "consumption" if served else "ticket"
            if not served:
                body.pop("stock", None)
        case "organizers":
            pass
        case "{role}" if None not in (body.get("unverified_soft"), body.get("unverified_hard")):
            # The warning comes before the limit.
            body["unverified_soft"] = min(body["unverified_soft"], body["unverified_hard"])
        case "tokens":
            body["role"] = "employee"
            body["organizer"] = OWN["organizer"]
        case "devices":
            body["role"] = "gate" if body["role"] == "cloud" else body["role"]
        case "allotments":
            # A share is of a product or of a zone, whose devices differ.
            body["units"] = 1
            if turns["allotments"] % 2:
                body.pop("zone", None)
                body["product"] = OWN["drink"]
            else:
                body.pop("product", None)
                body |= {"zone": OWN["zone"], "device": OWN["gate"]}
            turns["allotments"] += 1
        case "grants":
            body |= {"ticket": spare("read", "ticket"), "units": 1}
        case "orders":
            body["items"] = [ordered(fitting(item, whole)) for item in body["items"][:3]]
        case "refund" if body.get("tickets"):
            body["tickets"] = [part["ticket"] for part in OWN["spare"]["refund_part"] if part["order"] == address["id"]]
        case "scans":
            shown(body, "scan")
        case "servings":
            shown(body, "serve")
            body["quantity"] = 1
        case "test":
            body.pop("product" if turns["test"] % 2 else "ticket", None)
            if "ticket" in body or "product" not in body:
                body["ticket"] = spare("read", "ticket")
                for name in ("product", "variation", "date"):
                    body.pop(name, None)
            turns["test"] += 1
    if path == "/v1/events":
        body["organizer"] = OWN["organizer"]
    return body


# Only staff give these.
FAVOURS = {"credits", "note", "valid_if_pending"}


def ordered(item):
    """An item of an order that may be placed here, by whoever asks."""
    item = {name: value for name, value in item.items() if WHO != "customer" or name not in FAVOURS}
    if item.get("credits"):
        item["credits"] = [{"product": OWN["drink"], "units": 1}]
    return item | {"product": OWN["ticket_product"], "quantity": 1}


def shown(body, kind):
    """Either a code or a ticket."""
    ticket = spare(kind)
    by_code = "code" in body or "ticket" not in body
    for name in ("code", "ticket"):
        body.pop(name, None)
    body["code" if by_code else "ticket"] = ticket["code" if by_code else "ticket"]
    if not by_code and kind == "scan":
        body["reason"] = "ID seen"


# The last scan that the agent did not let in.
held = {}


def at_the_agent(path, body, address):
    match path:
        case "/v1/orders/{order}/admissions":
            code = next(paid["code"] for paid in OWN["paid"] if paid["order_code"] == address["order"])
            by = {"code": code} if "code" in body else {"reason": "ID seen"}
            body = {"count": 1, "list": OWN["list"], **by, **({"at": body["at"]} if "at" in body else {})}
        case "/v1/scans" if held and body.get("again"):
            body = {name: value for name, value in body.items() if name not in ("code", "ticket")}
            body |= {"again": held["entry"], "list": OWN["list"]}
        case "/v1/scans":
            body.pop("again", None)
            shown(body, "paid")
            body |= {"list": OWN["list"], "reason": "ID seen"} if "ticket" in body else {"list": OWN["list"]}
        case "/v1/servings":
            shown(body, "paid")
            body |= {"product": OWN["drink"], "quantity": 1}
        case "/v1/stock/restock" | "/v1/stock/waste":
            body = {"key": body["key"]} if "key" in body else {}
            body |= {"product": OWN["drink"], "quantity": 1, "override": override()}
        case "/v1/stock/stocktake":
            body = {"product": OWN["drink"], "counted": 5, "anyway": True, "override": override()}
        case "/v1/duty" if turns["duty"] % 2:
            body = {"badge": OWN["badge"]}
        case "/v1/duty":
            body = {"name": OWN["supervisor"], "pin": OWN["pin"]}
        case "/v1/lanes":
            # Either a list or a product, of those that are here.
            serves = bool(body.get("serves"))
            body = {name: value for name, value in body.items() if name not in ("list", "serves")}
            body |= {"serves": OWN["drink"]} if serves else {"list": OWN["list"]}
        case "/v1/lanes/{lane}":
            # It keeps the name by which it is asked for.
            body = {"name": OWN["lane"]}
        case "/v1/sessions":
            body = {"name": OWN["supervisor"]} if turns["duty"] % 2 else {"badge": OWN["badge"]}
            body["pin"] = OWN["pin"]
    turns["duty"] += path in ("/v1/duty", "/v1/sessions")
    return body


def well(case, location):
    part = case.meta.components.get(location) if case.meta else None
    return part is None or part.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation
    key = f"{operation.method} {operation.path}"
    turns[key] += 1
    if turns[key] % 4 == 0 or case.method.upper() != operation.method.upper():
        return
    method, path = operation.method.upper(), operation.path
    body, whole = None, turns[key] % 2 == 1
    if isinstance(case.body, dict) and well(case, ParameterLocation.BODY):
        body = fitting(case.body, whole)
    if "{" in path and well(case, ParameterLocation.PATH):
        values = in_address(method, path, body or {})
        case.path_parameters = {**case.path_parameters, **{n: v for n, v in values.items() if n in case.path_parameters}}
    if well(case, ParameterLocation.QUERY) and operation.query:
        case.query = in_query(path, dict(case.query or {}))
    if "Idempotency-Key" in (case.headers or {}) and well(case, ParameterLocation.HEADER):
        # Drawn ones are few; two requests in a row have the same, which is refused where they ask for something else.
        case.headers = {**case.headers, "Idempotency-Key": f"{key} {turns[key] // 2}"}
    if body is not None:
        case.body = in_body(path, body, case.path_parameters or {}, whole)


# --- what came of it

@schemathesis.hook
def after_call(context, case, response):
    statuses[case.operation.label][response.status_code] += 1
    if SERVER == "agent" and case.operation.label == "POST /v1/scans" and response.status_code == 200:
        answer = response.json()
        if answer["verdict"] != "admit" and answer.get("entry"):
            held["entry"] = answer["entry"]


@schemathesis.check
def conforming_requests_can_be_read(ctx, response, case):
    """What the document allows is never refused as unreadable; only for what it means here."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and response.status_code in (400, 422):
        if "invalid type: floating point" in response.text:
            return  # to JSON Schema 1.0 is an integer; here a number with a point is none
        code = response.json().get("code")
        assert code not in ("bad_request", "bad_key"), f"conforms to the document, but: {response.text}"


@atexit.register
def tell():
    with open(os.environ["TIDEGATE_STATUSES"], "w") as file:
        json.dump(statuses, file)


