"""What schemathesis is told about our world: ids of things that exist, and one more check.

Generated ids hit nothing, so three of four requests that conform to the document are given real ones,
and values that belong together; the fourth goes out as it was drawn. Parts that were drawn to be
refused stay as they were drawn. Everything here counts, nothing is random: the same seed asks the same.
"""

import atexit
import collections
import datetime
import itertools
import json
import os

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


def in_address(method, path):
    """Values of the parts of an address."""
    if SERVER == "agent":
        paid = spare("paid")
        return {"order": paid["order_code"], "id": paid["ticket"]}
    _, _, noun, *rest = path.split("/")
    verb = rest[1] if len(rest) > 1 else ""
    match noun:
        case "events":
            return {"id": OWN["event"]}
        case "products":
            return {"id": OWN["ticket_product"]}
        case "lists":
            return {"id": OWN["list"]}
        case "orders":
            return {"id": of_order(method, verb)}
        case "tickets":
            return {"id": of_ticket(method, verb)}
        case "devices":
            return {"id": spare(verb)}
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
    elif path in ("/v1/tickets", "/v1/orders", "/v1/products", "/v1/lists", "/v1/devices", "/v1/keys", "/v1/staff"):
        query["event"] = OWN["event"]
    if "list" in query:
        query["list"] = OWN["list"]
    if path.endswith("/attendance") and query.get("format") != "csv":
        query.pop("by", None)
    return query


# What names something that this world has none of, or has to fit something else.
LEFT_OUT = {
    "date", "variation", "variations", "add_variations", "addon_to", "answers", "rules", "unchecked_rules", "dates",
    "questions", "doors_at", "ends_at", "valid_from", "valid_until", "tickets", "at", "outcome", "auto_exit_at",
    "stock", "restock", "add_ons",
}


def in_body(path, body):
    """The body with real ids, without what would have to fit something that is not there."""
    body = {name: value for name, value in body.items() if name not in LEFT_OUT}
    if SERVER == "agent":
        return at_the_agent(path, body)
    known = {"event": OWN["event"], "organizer": OWN["organizer"], "device": OWN["device"], "list": OWN["list"]}
    body |= {name: value for name, value in known.items() if name in body}
    drink = path.endswith(("/servings", "/grants", "/allotments"))
    if "product" in body:
        body["product"] = OWN["drink"] if drink else OWN["ticket_product"]
    if "products" in body:
        body["products"] = [OWN["ticket_product"]] if body["products"] is not None else None
    if "credits" in body:
        body["credits"] = [{"product": OWN["drink"], "units": 1}]
    match path.rsplit("/", 1)[1]:
        case "events" | "{id}" if "timezone" in body:
            body["timezone"] = "Europe/Berlin"
        case "products":
            body["kind"] = "ticket"
        case "organizers":
            pass
        case "tokens":
            body["role"] = "employee"
            body["organizer"] = OWN["organizer"]
        case "devices":
            body["role"] = "gate" if body["role"] == "cloud" else body["role"]
        case "allotments":
            body["units"] = 1
        case "grants":
            body |= {"ticket": spare("read", "ticket"), "units": 1}
        case "orders":
            items = [{"product": OWN["ticket_product"], "quantity": 1, **fits(item)} for item in body["items"][:3]]
            body["items"] = items
        case "scans":
            shown(body, "scan")
            body.pop("override", None)
        case "servings":
            shown(body, "serve")
            body["quantity"] = 1
        case "test":
            body.pop("product" if turns["test"] % 2 else "ticket", None)
            if "ticket" in body or "product" not in body:
                body["ticket"] = spare("read", "ticket")
                body.pop("product", None)
            turns["test"] += 1
    if path == "/v1/events":
        body["organizer"] = OWN["organizer"]
    return body


def fits(item):
    """What may be said of an ordered ticket in this world, by anybody."""
    return {name: item[name] for name in ("holder",) if name in item}


def shown(body, kind):
    """Either a code or a ticket."""
    ticket = spare(kind)
    by_code = "code" in body or "ticket" not in body
    for name in ("code", "ticket"):
        body.pop(name, None)
    body["code" if by_code else "ticket"] = ticket["code" if by_code else "ticket"]
    if not by_code and kind == "scan":
        body["reason"] = "ID seen"


def at_the_agent(path, body):
    body.pop("override", None)
    match path:
        case "/v1/orders/{order}/admissions":
            body = {"count": 1, "reason": "ID seen", "list": OWN["list"]}
        case "/v1/scans":
            shown(body, "paid")
            body |= {"list": OWN["list"], "reason": "ID seen"} if "ticket" in body else {"list": OWN["list"]}
        case "/v1/servings":
            shown(body, "paid")
            body |= {"product": OWN["drink"], "quantity": 1}
        case "/v1/duty" if turns["duty"] % 2:
            body = {"badge": OWN["badge"]}
        case "/v1/duty":
            body = {"name": OWN["supervisor"], "pin": OWN["pin"]}
        case "/v1/sessions":
            body = {"name": OWN["supervisor"], "pin": OWN["pin"]}
    turns["duty"] += path == "/v1/duty"
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
    if "{" in path and well(case, ParameterLocation.PATH):
        values = in_address(method, path)
        case.path_parameters = {**case.path_parameters, **{n: v for n, v in values.items() if n in case.path_parameters}}
    if well(case, ParameterLocation.QUERY) and operation.query:
        case.query = in_query(path, dict(case.query or {}))
    if isinstance(case.body, dict) and well(case, ParameterLocation.BODY):
        case.body = in_body(path, case.body)


# --- what came of it

@schemathesis.hook
def after_call(context, case, response):
    statuses[case.operation.label][response.status_code] += 1


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


