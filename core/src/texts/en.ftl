# What a verdict says to people, in English: what it is and the evidence; .do is what staff do next,
# .say what they tell the guest. Every file here has the same messages, attributes and variables;
# the tests hold them against each other and against what the code asks for. Sentences are short
# and calm, and never blame. Variables: $hour is HH:MM of the venue, $h the same hour as a number
# (some languages say one o'clock differently), $dom and $month the local date, $day whether that
# is the day of the question (same) or another one, $minutes how soon it comes (0: not soon).

### Times

date = { $dom } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
hour-of = { $h ->
   *[other] { $hour }
}
at-hour = at { hour-of }
at = { $day ->
    [same] { at-hour }
   *[other] { date } { hour-of }
}
from = { $day ->
    [same] from { hour-of }
   *[other] from { date } { hour-of }
}
in-minutes = { $minutes ->
    [0] { "" }
    [one] , in { $minutes } minute
   *[other] , in { $minutes } minutes
}
weekday = { $weekday ->
    [1] Mon
    [2] Tue
    [3] Wed
    [4] Thu
    [5] Fri
    [6] Sat
   *[7] Sun
}

### Names in a row: $names are all but the last, with commas

either = { $names } or { $last }
both = { $names } and { $last }
or-more = { $names } or { $count } more

### What was read

starting = Not ready: the list is still coming in
    .do = Wait, or call a supervisor
web-link = That is a web link, not a ticket
    .do = Ask for the ticket itself
staff-badge = That is a staff badge, not a ticket
    .do = Sign in with it, or ask for the ticket
nothing-read = Nothing was read
    .do = Ask for the ticket itself
not-ours = Not one of our tickets
    .do = Ask for the ticket itself
no-such-ticket = No such ticket here
    .do = Scan the code itself
unknown-key = Signed by a key this gate has not got (key { $key })
    .do = Update needed: connect to the cloud
forged = Signature wrong: not issued by us
    .do = Scan again; if it stays, keep the guest and call a supervisor
    .say = Let me get a colleague.
wrong-event = For { $event }
    .do = Not this event
    .say = This ticket is for { $event }.

### The ticket itself

by-signature = Genuine, sold after the last update
revoked = Replaced by a newer ticket
    .do = Ask for the latest e-mail
    .say = There is a newer copy in your inbox.
cancelled = Cancelled
    .do = Send to the box office
cancelled-at = Cancelled { at }
    .do = Send to the box office
blocked = Blocked: { $reason }
    .do = Call a supervisor
unapproved = Not approved by the organizer yet
    .do = Send to the box office
too-early = Valid { from }{ in-minutes }
    .do = Ask to wait, or send to the box office
    .say = Your ticket is valid { from }.
too-late = Was valid until { date } { hour-of }
    .do = Send to the box office
unpaid = Order not paid
    .do = Send to the box office
    .say = This order is not paid yet.
used = Came in { at-hour } by { $place }
    .do = Compare name and ID; a supervisor can admit
    .say = This ticket came in { at-hour }.
clock = Near the edge of its time, and this clock is not sure
    .do = Look at the time and decide
unlisted = Genuine, but sold after our last update
    .do = Ask a supervisor, or connect to update
stale = The details of this ticket are not known here yet
    .do = Connect to update, or ask a supervisor

### The ticket at this list

unknown-product = A product this gate does not know
    .do = Update needed: connect to the cloud
not-on-list = { $product }: right event, wrong door
    .do = Send to { $lists }
    .say = Your entrance is { $list }.
no-list = No list here takes the product { $product }
    .do = Send to the box office
ambiguous = { $count } tickets fit
    .do = Choose one
wrong-date = For { date } { hour-of }
    .do = Not this date
    .say = This ticket is for { date } { hour-of }.
another-date = For another date
    .do = Not this date
    .say = This ticket is for another date.
question = { $text }{ $more ->
    [0] { "" }
   *[other] { " " }(and { $more } more)
}
    .do = Ask, then enter the answer
    .say = { $text }
full = { $zone } is full
maybe-full = { $zone } is full unless it has closed since, and this clock is not sure
    .do = Ask to wait; one out, one in
    .say = It is full just now. Please wait here.

### The rule of the list

rule-unreadable = This list's rule cannot be evaluated
    .do = Send to the box office; the office must mend the rule
rule-opens = Opens { at }{ in-minutes }
    .do = Ask to wait, or send to the box office
    .say = Entry opens { at }.
rule-closed = Closed { at }
    .do = Send to the box office
    .say = Entry closed { at }.
rule-weekdays = Only on { $days }
    .do = Send to the box office
    .say = This ticket is for other days.
nth-entry = { $nth ->
    [1] First entry
    [2] Second entry
    [3] Third entry
    [4] Fourth entry
    [5] Fifth entry
   *[other] Entry { $nth }
}
rule-too-many = { $counted ->
    [today] { nth-entry } today
    [since] { nth-entry } since { date } { hour-of }
   *[entries] { nth-entry }
}; { $allowed ->
    [1] one allowed
    [2] two allowed
    [3] three allowed
    [4] four allowed
   *[other] { $allowed } allowed
}
    .do = Send to the box office
    .say = { $counted ->
        [today] This ticket has no entries left today.
       *[entries] This ticket has no entries left.
    }
rule-count = { $counted ->
    [today] Entries today
    [days] Days with entries
    [since] Entries since { date } { hour-of }
    [before] Entries before { date } { hour-of }
    [days-since] Days with entries since { date } { hour-of }
    [days-before] Days with entries before { date } { hour-of }
   *[entries] Entries so far
}: { $known }; { $needs ->
    [most] at most { $number } allowed
    [least] at least { $number } needed
    [exactly] exactly { $number } needed
   *[not] any number but { $number }
}
    .do = Send to the box office
rule-wait = Next entry { from }{ in-minutes }
    .do = Ask to wait
    .say = Please come back { at }.
rule-lapsed = { $entry ->
    [first] Only for a time after the first entry
   *[last] Only for a time after the last entry
}
    .do = Send to the box office
rule-inside = Only for guests who are inside
    .do = Send to the box office
rule-outside = Inside already; only after an exit
    .do = Scan the exit first, or call a supervisor
rule-gates = Only by gate: { $gates }
    .do = Send to { $gate }
    .say = Your entrance is { $gate }.
rule-products = Not for this product: only { $products }
    .do = Send to the box office
    .say = This entrance is for { $products }.
rule-product = Not for this product
    .do = Send to the box office
rule-variation = Not for this variation of the product
    .do = Send to the box office
rule-never = The rule of this list does not allow it
    .do = Send to the box office

### The bar

no-credit = { $left } { $product } left on this ticket
    .do = Offer less, or another ticket
    .say = There is not enough { $product } left on this ticket.
sold-out = { $product }: { $left } left at this bar
    .do = Send to another bar
    .say = { $left ->
        [0] We have run out of { $product } here.
       *[other] We have only { $left } { $product } left here.
    }

### Requests and taking back

undone = Taken back
key-reused = This request key stands for something else
    .do = Use a fresh key
not-yours = Nothing of this device's to take back
    .do = Undo where it was scanned
too-late-to-undo = More than { $limit } minutes ago
    .do = Call a supervisor

limit-update = The last word from the office is { $minutes } minutes old
    .do = Connect this device, or let a supervisor decide
    .say = One moment please, I am calling a colleague.
limit-no-update = No word from the office has arrived here yet
    .do = Connect this device, or let a supervisor decide
    .say = One moment please, I am calling a colleague.
limit-unverified = { $count ->
    [one] { $count } admission that nobody else knows of
   *[other] { $count } admissions that nobody else knows of
}: this device is at its limit
    .do = Connect this device, or let a supervisor decide
    .say = Please use the next entrance.
limit-share = { $served } of { $allowed } served that may be served cut off
    .do = Connect this bar, or send to another one
    .say = Please ask at another bar for the rest.
limit-unconfirmed = Since the start nobody has confirmed what this device may use
    .do = Connect it to another device or the office, or call a supervisor
    .say = One moment please, we are still starting.
limit-lease = Nobody was heard for so long that what this device may use went back
    .do = Connect this device to the office, or let a supervisor decide
    .say = One moment please, I am calling a colleague.
limit-withdrawn = The office has withdrawn this device
    .do = Use another device; give this one to the office
    .say = Please use the next entrance.
