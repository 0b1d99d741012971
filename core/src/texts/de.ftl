# What a verdict says to people, in German: guests are addressed with Sie, staff by infinitives.
# What the messages are for and what their variables hold stands in en.ftl.

### Times

date = { $dom }. { $month ->
    [1] Jan.
    [2] Feb.
    [3] März
    [4] Apr.
    [5] Mai
    [6] Juni
    [7] Juli
    [8] Aug.
    [9] Sept.
    [10] Okt.
    [11] Nov.
   *[12] Dez.
}
hour-of = { $h ->
   *[other] { $hour } Uhr
}
at-hour = um { hour-of }
at = { $day ->
    [same] { at-hour }
   *[other] am { date } { at-hour }
}
from = { $day ->
    [same] ab { hour-of }
   *[other] ab { date }, { hour-of }
}
in-minutes = { $minutes ->
    [0] { "" }
    [one] , in { $minutes } Minute
   *[other] , in { $minutes } Minuten
}
weekday = { $weekday ->
    [1] Mo
    [2] Di
    [3] Mi
    [4] Do
    [5] Fr
    [6] Sa
   *[7] So
}

### Names in a row: $names are all but the last, with commas

either = { $names } oder { $last }
both = { $names } und { $last }
or-more = { $names } oder { $count } weitere

### What was read

starting = Noch nicht bereit: Die Liste wird noch geladen
    .do = Warten oder Teamleitung rufen
web-link = Das ist ein Weblink, kein Ticket
    .do = Nach dem Ticket selbst fragen
staff-badge = Das ist ein Personalausweis, kein Ticket
    .do = Damit anmelden oder nach dem Ticket fragen
nothing-read = Nichts gelesen
    .do = Nach dem Ticket selbst fragen
not-ours = Keines unserer Tickets
    .do = Nach dem Ticket selbst fragen
no-such-ticket = Dieses Ticket gibt es hier nicht
    .do = Den Code selbst scannen
unknown-key = Mit einem hier unbekannten Schlüssel signiert ({ $key })
    .do = Aktualisieren: mit der Cloud verbinden
forged = Signatur falsch: nicht von uns ausgestellt
    .do = Erneut scannen; bleibt es dabei, Gast bitten zu warten, Teamleitung rufen
    .say = Ich hole kurz jemanden aus dem Team.
wrong-event = Für { $event }
    .do = Nicht diese Veranstaltung
    .say = Dieses Ticket ist für { $event }.

### The ticket itself

by-signature = Echt, nach dem letzten Abgleich verkauft
revoked = Durch ein neueres Ticket ersetzt
    .do = Nach der neuesten E-Mail fragen
    .say = In Ihrem Postfach ist ein neueres Ticket.
cancelled = Storniert
    .do = Zur Kasse schicken
cancelled-at = Storniert { at }
    .do = Zur Kasse schicken
blocked = Gesperrt: { $reason }
    .do = Teamleitung rufen
unapproved = Vom Veranstalter noch nicht freigegeben
    .do = Zur Kasse schicken
too-early = Gültig { from }{ in-minutes }
    .do = Um Geduld bitten oder zur Kasse schicken
    .say = Ihr Ticket gilt { from }.
too-late = War gültig bis { date }, { hour-of }
    .do = Zur Kasse schicken
unpaid = Bestellung nicht bezahlt
    .do = Zur Kasse schicken
    .say = Diese Bestellung ist noch nicht bezahlt.
used = Eingelassen { at-hour }: { $place }
    .do = Name und Ausweis vergleichen; Teamleitung kann einlassen
    .say = Mit diesem Ticket kam { at-hour } schon jemand herein.
clock = Nahe am Rand der Gültigkeit, und diese Uhr ist unsicher
    .do = Uhrzeit prüfen und entscheiden
unlisted = Echt, aber nach unserem letzten Abgleich verkauft
    .do = Teamleitung fragen oder zum Abgleich verbinden
stale = Die Angaben zu diesem Ticket sind hier noch nicht bekannt
    .do = Zum Abgleich verbinden oder Teamleitung fragen

### The ticket at this list

unknown-product = Dieses Produkt ist hier nicht bekannt
    .do = Aktualisieren: mit der Cloud verbinden
not-on-list = { $product }: richtige Veranstaltung, falscher Eingang
    .do = Dorthin schicken: { $lists }
    .say = Ihr Eingang ist { $list }.
no-list = Keine Liste hier gilt für das Produkt { $product }
    .do = Zur Kasse schicken
ambiguous = { $count } Tickets passen
    .do = Eines auswählen
wrong-date = Für den { date }, { hour-of }
    .do = Nicht dieser Termin
    .say = Dieses Ticket ist für den { date }, { hour-of }.
another-date = Für einen anderen Termin
    .do = Nicht dieser Termin
    .say = Dieses Ticket ist für einen anderen Termin.
question = { $text }{ $more ->
    [0] { "" }
   *[other] { " " }(und noch { $more })
}
    .do = Fragen, dann die Antwort eingeben
    .say = { $text }
full = { $zone }: voll
maybe-full = { $zone }: voll, falls seither nicht Schluss war; diese Uhr ist unsicher
    .do = Um Geduld bitten; geht ein Gast, kommt einer hinein
    .say = Im Moment ist es voll. Bitte warten Sie hier.

### The rule of the list

rule-unreadable = Die Regel dieser Liste ist nicht auswertbar
    .do = Zur Kasse schicken; das Büro muss die Regel berichtigen
rule-opens = Öffnet { at }{ in-minutes }
    .do = Um Geduld bitten oder zur Kasse schicken
    .say = Der Einlass öffnet { at }.
rule-closed = Einlass endete { at }
    .do = Zur Kasse schicken
    .say = Der Einlass endete { at }.
rule-weekdays = Nur { $days }
    .do = Zur Kasse schicken
    .say = Dieses Ticket ist für andere Tage.
nth-entry = { $nth ->
    [1] Erster Eintritt
    [2] Zweiter Eintritt
    [3] Dritter Eintritt
    [4] Vierter Eintritt
    [5] Fünfter Eintritt
   *[other] Eintritt { $nth }
}
rule-too-many = { $counted ->
    [today] { nth-entry } heute
    [since] { nth-entry } seit { date }, { hour-of }
   *[entries] { nth-entry }
}; { $allowed ->
    [1] nur einer ist erlaubt
    [2] zwei sind erlaubt
    [3] drei sind erlaubt
    [4] vier sind erlaubt
   *[other] { $allowed } sind erlaubt
}
    .do = Zur Kasse schicken
    .say = { $counted ->
        [today] Mit diesem Ticket ist heute kein Eintritt mehr möglich.
       *[entries] Mit diesem Ticket ist kein Eintritt mehr möglich.
    }
rule-count = { $counted ->
    [today] Eintritte heute
    [days] Tage mit Eintritt
    [since] Eintritte seit { date }, { hour-of }
    [before] Eintritte vor dem { date }, { hour-of }
    [days-since] Tage mit Eintritt seit { date }, { hour-of }
    [days-before] Tage mit Eintritt vor dem { date }, { hour-of }
   *[entries] Eintritte bisher
}: { $known }; { $needs ->
    [most] höchstens { $number } erlaubt
    [least] mindestens { $number } nötig
    [exactly] genau { $number } nötig
   *[not] jede Zahl außer { $number }
}
    .do = Zur Kasse schicken
rule-wait = Nächster Eintritt { from }{ in-minutes }
    .do = Um Geduld bitten
    .say = Bitte kommen Sie { at } wieder.
rule-lapsed = { $entry ->
    [first] Nur eine Zeit lang nach dem ersten Eintritt
   *[last] Nur eine Zeit lang nach dem letzten Eintritt
}
    .do = Zur Kasse schicken
rule-inside = Nur für Gäste, die schon drinnen sind
    .do = Zur Kasse schicken
rule-outside = Schon drinnen; erst nach dem Hinausgehen wieder
    .do = Zuerst den Ausgang scannen oder Teamleitung rufen
rule-gates = Nur durch Eingang: { $gates }
    .do = Dorthin schicken: { $gate }
    .say = Ihr Eingang ist { $gate }.
rule-products = Nicht für dieses Produkt: nur { $products }
    .do = Zur Kasse schicken
    .say = Dieser Eingang ist für { $products }.
rule-product = Nicht für dieses Produkt
    .do = Zur Kasse schicken
rule-variation = Nicht für diese Variante des Produkts
    .do = Zur Kasse schicken
rule-never = Die Regel dieser Liste lässt es nicht zu
    .do = Zur Kasse schicken

### The bar

no-credit = { $product }: noch { $left } auf diesem Ticket
    .do = Weniger anbieten oder ein anderes Ticket
    .say = Auf diesem Ticket ist nicht mehr genug { $product }.
sold-out = { $product }: noch { $left } an dieser Bar
    .do = An eine andere Bar schicken
    .say = { $left ->
        [0] { $product } ist hier leider aus.
       *[other] Wir haben hier nur noch { $left } × { $product }.
    }

### Requests and taking back

undone = Zurückgenommen
key-reused = Dieser Anfrageschlüssel steht schon für etwas anderes
    .do = Neuen Schlüssel verwenden
not-yours = Nichts von diesem Gerät, das zurückzunehmen wäre
    .do = Dort zurücknehmen, wo gescannt wurde
too-late-to-undo = Mehr als { $limit } Minuten her
    .do = Teamleitung rufen

limit-update = Letzte Nachricht vom Büro vor { $minutes } Minuten
    .do = Dieses Gerät verbinden oder die Aufsicht entscheiden lassen
    .say = Einen Moment bitte, ich rufe jemanden.
limit-no-update = Hier kam noch keine Nachricht vom Büro an
    .do = Dieses Gerät verbinden oder die Aufsicht entscheiden lassen
    .say = Einen Moment bitte, ich rufe jemanden.
limit-unverified = { $count ->
    [one] { $count } Einlass, von dem sonst niemand weiß
   *[other] { $count } Einlässe, von denen sonst niemand weiß
}: Grenze dieses Geräts erreicht
    .do = Dieses Gerät verbinden oder die Aufsicht entscheiden lassen
    .say = Bitte nehmen Sie den nächsten Eingang.
limit-share = { $served } von { $allowed } ausgegeben, die ohne Verbindung erlaubt sind
    .do = Diese Bar verbinden oder an eine andere schicken
    .say = Den Rest gibt es bitte an einer anderen Bar.
limit-unconfirmed = Seit dem Start hat niemand bestätigt, was dieses Gerät ausgeben darf
    .do = Mit einem anderen Gerät oder dem Büro verbinden oder Aufsicht rufen
    .say = Einen Moment bitte, wir starten gerade.
limit-lease = So lange ohne Verbindung, dass der Anteil dieses Geräts zurückfiel
    .do = Dieses Gerät mit dem Büro verbinden oder die Aufsicht entscheiden lassen
    .say = Einen Moment bitte, ich rufe jemanden.
limit-withdrawn = Das Büro hat dieses Gerät gesperrt
    .do = Ein anderes Gerät nehmen; dieses ins Büro geben
    .say = Bitte nehmen Sie den nächsten Eingang.
