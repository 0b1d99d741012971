# What a verdict says to people, in Spanish, with usted. An "entrada" is an entry; the paper is a
# "ticket", which both sides of the ocean understand. Alternatives stand after a colon, with
# commas: an "o" would have to become "u" before some names. The rest stands in en.ftl.

### Times

date = { $dom } { $month ->
    [1] ene
    [2] feb
    [3] mar
    [4] abr
    [5] may
    [6] jun
    [7] jul
    [8] ago
    [9] sept
    [10] oct
    [11] nov
   *[12] dic
}
hour-of = { $h ->
    [1] la { $hour }
   *[other] las { $hour }
}
at-hour = a { hour-of }
at = { $day ->
    [same] { at-hour }
   *[other] el { date } { at-hour }
}
from = { $day ->
    [same] desde { hour-of }
   *[other] desde el { date } { at-hour }
}
in-minutes = { $minutes ->
    [0] { "" }
    [one] , dentro de { $minutes } minuto
   *[other] , dentro de { $minutes } minutos
}
weekday = { $weekday ->
    [1] lun
    [2] mar
    [3] mié
    [4] jue
    [5] vie
    [6] sáb
   *[7] dom
}

### Names in a row: $names are all but the last, with commas

either = { $names }, { $last }
both = { $names } y { $last }
or-more = { $names } y { $count } más

### What was read

starting = Aún no está listo: la lista se está cargando
    .do = Espere, o avise a un supervisor
web-link = Es un enlace web, no un ticket
    .do = Pida el ticket
staff-badge = Es una credencial del personal, no un ticket
    .do = Inicie sesión con ella o pida el ticket
nothing-read = No se leyó nada
    .do = Pida el ticket
not-ours = No es uno de nuestros tickets
    .do = Pida el ticket
no-such-ticket = Ese ticket no figura aquí
    .do = Escanee el código
unknown-key = Firmado con una clave que aquí no se tiene (clave { $key })
    .do = Hay que actualizar: conecte con la nube
forged = Firma incorrecta: no lo emitimos nosotros
    .do = Escanee otra vez; si sigue igual, pida que espere y avise a un supervisor
    .say = Permítame avisar a un colega.
wrong-event = Para { $event }
    .do = No es este evento
    .say = Este ticket es para { $event }.

### The ticket itself

by-signature = Auténtico, vendido tras la última actualización
revoked = Sustituido por un ticket más reciente
    .do = Pida el último correo electrónico
    .say = En su correo hay un ticket más reciente.
cancelled = Cancelado
    .do = Envíe a la taquilla
cancelled-at = Cancelado { at }
    .do = Envíe a la taquilla
blocked = Bloqueado: { $reason }
    .do = Avise a un supervisor
unapproved = Todavía sin aprobar por la organización
    .do = Envíe a la taquilla
too-early = Válido { from }{ in-minutes }
    .do = Pida que espere, o envíe a la taquilla
    .say = Su ticket es válido { from }.
too-late = Fue válido hasta el { date } { at-hour }
    .do = Envíe a la taquilla
unpaid = Pedido sin pagar
    .do = Envíe a la taquilla
    .say = Este pedido todavía no está pagado.
used = Entró { at-hour } por { $place }
    .do = Compare nombre e identificación; un supervisor puede admitir
    .say = Con este ticket ya se entró { at-hour }.
clock = Cerca del límite de su horario, y este reloj no es seguro
    .do = Mire la hora y decida
unlisted = Auténtico, pero vendido tras la última actualización
    .do = Consulte a un supervisor, o conecte para actualizar
stale = Los datos de este ticket aún no se conocen aquí
    .do = Conecte para actualizar, o consulte a un supervisor

### The ticket at this list

unknown-product = Un producto que aquí no se conoce
    .do = Hay que actualizar: conecte con la nube
not-on-list = { $product }: el evento es este; la puerta es otra
    .do = Envíe a: { $lists }
    .say = Su entrada es: { $list }.
no-list = Ninguna lista de aquí admite el producto { $product }
    .do = Envíe a la taquilla
ambiguous = Hay { $count } tickets posibles
    .do = Elija uno
wrong-date = Para el { date } { at-hour }
    .do = No es esta fecha
    .say = Este ticket es para el { date } { at-hour }.
another-date = Para otra fecha
    .do = No es esta fecha
    .say = Este ticket es para otra fecha.
question = { $text }{ $more ->
    [0] { "" }
   *[other] { " " }(y { $more } más)
}
    .do = Pregunte, y anote la respuesta
    .say = { $text }
full = { $zone }: completo
maybe-full = { $zone }: completo, salvo que ya haya cerrado; este reloj no es seguro
    .do = Pida que espere; sale uno, entra uno
    .say = Ahora está completo. Espere aquí, por favor.

### The rule of the list

rule-unreadable = La regla de esta lista no se puede evaluar
    .do = Envíe a la taquilla; la oficina debe corregir la regla
rule-opens = Abre { at }{ in-minutes }
    .do = Pida que espere, o envíe a la taquilla
    .say = La entrada abre { at }.
rule-closed = Cerró { at }
    .do = Envíe a la taquilla
    .say = La entrada cerró { at }.
rule-weekdays = Solo { $days }
    .do = Envíe a la taquilla
    .say = Este ticket es para otros días.
nth-entry = { $nth ->
    [1] Primera entrada
    [2] Segunda entrada
    [3] Tercera entrada
    [4] Cuarta entrada
    [5] Quinta entrada
   *[other] Entrada { $nth }
}
rule-too-many = { $counted ->
    [today] { nth-entry } hoy
    [since] { nth-entry } desde el { date } { at-hour }
   *[entries] { nth-entry }
}; { $allowed ->
    [1] solo se permite una
    [2] se permiten dos
    [3] se permiten tres
    [4] se permiten cuatro
   *[other] se permiten { $allowed }
}
    .do = Envíe a la taquilla
    .say = { $counted ->
        [today] A este ticket no le quedan entradas hoy.
       *[entries] A este ticket no le quedan entradas.
    }
rule-count = { $counted ->
    [today] Entradas hoy
    [days] Días con entradas
    [since] Entradas desde el { date } { at-hour }
    [before] Entradas antes del { date } { at-hour }
    [days-since] Días con entradas desde el { date } { at-hour }
    [days-before] Días con entradas antes del { date } { at-hour }
   *[entries] Entradas hasta ahora
}: { $known }; { $needs ->
    [most] máximo { $number }
    [least] mínimo { $number }
    [exactly] exactamente { $number }
   *[not] cualquier número menos { $number }
}
    .do = Envíe a la taquilla
rule-wait = Próxima entrada { from }{ in-minutes }
    .do = Pida que espere
    .say = Vuelva { at }, por favor.
rule-lapsed = { $entry ->
    [first] Solo durante un tiempo tras la primera entrada
   *[last] Solo durante un tiempo tras la última entrada
}
    .do = Envíe a la taquilla
rule-inside = Solo para quien ya está dentro
    .do = Envíe a la taquilla
rule-outside = Ya está dentro; solo tras una salida
    .do = Escanee antes la salida, o avise a un supervisor
rule-gates = Solo por la puerta: { $gates }
    .do = Envíe a: { $gate }
    .say = Su entrada es: { $gate }.
rule-products = No para este producto; solo para: { $products }
    .do = Envíe a la taquilla
    .say = Esta entrada es para: { $products }.
rule-product = No para este producto
    .do = Envíe a la taquilla
rule-variation = No para esta variante del producto
    .do = Envíe a la taquilla
rule-never = La regla de esta lista no lo permite
    .do = Envíe a la taquilla

### The bar

no-credit = { $product }: { $left ->
    [one] queda { $left }
   *[other] quedan { $left }
} en este ticket
    .do = Ofrezca menos, u otro ticket
    .say = En este ticket no queda suficiente { $product }.
sold-out = { $product }: { $left ->
    [one] queda { $left }
   *[other] quedan { $left }
} en esta barra
    .do = Envíe a otra barra
    .say = { $left ->
        [0] Aquí ya no queda { $product }.
        [one] Aquí solo queda { $left } de { $product }.
       *[other] Aquí solo quedan { $left } de { $product }.
    }

### Requests and taking back

undone = Deshecho
key-reused = Esta clave de solicitud ya corresponde a otra cosa
    .do = Use una clave nueva
not-yours = Nada de este dispositivo que deshacer
    .do = Deshaga donde se escaneó
too-late-to-undo = Hace más de { $limit } minutos
    .do = Avise a un supervisor

limit-update = Último aviso de la oficina hace { $minutes } minutos
    .do = Conecte este equipo o deje decidir a un supervisor
    .say = Un momento, por favor, llamo a un compañero.
limit-no-update = Aquí no ha llegado aún ningún aviso de la oficina
    .do = Conecte este equipo o deje decidir a un supervisor
    .say = Un momento, por favor, llamo a un compañero.
limit-unverified = { $count ->
    [one] { $count } entrada que nadie más conoce
   *[other] { $count } entradas que nadie más conoce
}: límite de este equipo
    .do = Conecte este equipo o deje decidir a un supervisor
    .say = Use la otra entrada, por favor.
limit-share = Servidas { $served } de { $allowed } permitidas sin conexión
    .do = Conecte esta barra o envíe a otra
    .say = Pida el resto en otra barra, por favor.
limit-unconfirmed = Desde el inicio nadie ha confirmado lo que este equipo puede usar
    .do = Conéctelo a otro equipo o a la oficina, o avise a un supervisor
    .say = Un momento, por favor, estamos empezando.
limit-lease = Tanto tiempo sin conexión que la parte de este equipo ha vuelto
    .do = Conecte este equipo a la oficina o deje decidir a un supervisor
    .say = Un momento, por favor, llamo a un compañero.
limit-withdrawn = La oficina ha retirado este equipo
    .do = Use otro equipo; lleve este a la oficina
    .say = Use la otra entrada, por favor.
