# What a verdict says to people, in a Portuguese that serves Portugal and Brazil: staff read
# infinitives, and words that only one of both uses are avoided. The rest stands in en.ftl.

### Times

date = { $dom } de { $month ->
    [1] jan.
    [2] fev.
    [3] mar.
    [4] abr.
    [5] mai.
    [6] jun.
    [7] jul.
    [8] ago.
    [9] set.
    [10] out.
    [11] nov.
   *[12] dez.
}
hour-of = { $h ->
    [1] a { $hour }
   *[other] as { $hour }
}
at-hour = { $h ->
    [1] à { $hour }
   *[other] às { $hour }
}
at = { $day ->
    [same] { at-hour }
   *[other] em { date } { at-hour }
}
from = { $day ->
    [same] a partir d{ hour-of }
   *[other] a partir de { date } { at-hour }
}
in-minutes = { $minutes ->
    [0] { "" }
    [one] , dentro de { $minutes } minuto
   *[other] , dentro de { $minutes } minutos
}
weekday = { $weekday ->
    [1] seg
    [2] ter
    [3] qua
    [4] qui
    [5] sex
    [6] sáb
   *[7] dom
}

### Names in a row: $names are all but the last, with commas

either = { $names } ou { $last }
both = { $names } e { $last }
or-more = { $names } ou mais { $count }

### What was read

starting = Ainda não está pronto: falta receber a lista
    .do = Aguardar ou chamar a supervisão
web-link = Isto é um link, não um bilhete
    .do = Pedir o próprio bilhete
staff-badge = Isto é um crachá da equipa, não um bilhete
    .do = Entrar com ele ou pedir o bilhete
nothing-read = Nada foi lido
    .do = Pedir o próprio bilhete
not-ours = Não é um dos nossos bilhetes
    .do = Pedir o próprio bilhete
no-such-ticket = Esse bilhete não consta aqui
    .do = Ler o próprio código
unknown-key = Assinado com uma chave que aqui falta (chave { $key })
    .do = É preciso atualizar: conectar à nuvem
forged = Assinatura errada: não foi emitido por nós
    .do = Ler de novo; se continuar, pedir que aguarde e chamar a supervisão
    .say = Vou chamar um colega.
wrong-event = Para { $event }
    .do = Não é este evento
    .say = Este bilhete é para { $event }.

### The ticket itself

by-signature = Autêntico, vendido após a última atualização
revoked = Substituído por um bilhete mais recente
    .do = Pedir o e-mail mais recente
    .say = Há um bilhete mais recente no seu e-mail.
cancelled = Cancelado
    .do = Encaminhar ao balcão de bilhetes
cancelled-at = Cancelado { at }
    .do = Encaminhar ao balcão de bilhetes
blocked = Bloqueado: { $reason }
    .do = Chamar a supervisão
unapproved = Ainda não aprovado pela organização
    .do = Encaminhar ao balcão de bilhetes
too-early = Válido { from }{ in-minutes }
    .do = Pedir que aguarde, ou encaminhar ao balcão de bilhetes
    .say = O seu bilhete é válido { from }.
too-late = Foi válido até { date } { at-hour }
    .do = Encaminhar ao balcão de bilhetes
unpaid = Pedido não pago
    .do = Encaminhar ao balcão de bilhetes
    .say = Este pedido ainda não está pago.
used = Entrou { at-hour } por { $place }
    .do = Comparar nome e documento; a supervisão pode admitir
    .say = Com este bilhete já se entrou { at-hour }.
clock = Perto do limite do horário, e este relógio não é seguro
    .do = Ver a hora e decidir
unlisted = Autêntico, mas vendido após a última atualização
    .do = Perguntar à supervisão, ou conectar para atualizar
stale = Os dados deste bilhete ainda não são conhecidos aqui
    .do = Conectar para atualizar, ou perguntar à supervisão

### The ticket at this list

unknown-product = Um produto que aqui não se conhece
    .do = É preciso atualizar: conectar à nuvem
not-on-list = { $product }: evento certo, porta errada
    .do = Encaminhar para { $lists }
    .say = A sua entrada é { $list }.
no-list = Nenhuma lista daqui aceita o produto { $product }
    .do = Encaminhar ao balcão de bilhetes
ambiguous = Há { $count } bilhetes possíveis
    .do = Escolher um
wrong-date = Para { date } { at-hour }
    .do = Não é esta data
    .say = Este bilhete é para { date } { at-hour }.
another-date = Para outra data
    .do = Não é esta data
    .say = Este bilhete é para outra data.
question = { $text }{ $more ->
    [0] { "" }
   *[other] { " " }(e mais { $more })
}
    .do = Perguntar e anotar a resposta
    .say = { $text }
full = { $zone }: lotação esgotada
maybe-full = { $zone }: lotação esgotada, salvo se já fechou; este relógio não é seguro
    .do = Pedir que aguarde; sai um, entra um
    .say = Neste momento está cheio. Aguarde aqui, por favor.

### The rule of the list

rule-unreadable = A regra desta lista não pode ser avaliada
    .do = Encaminhar ao balcão de bilhetes; o escritório deve corrigir a regra
rule-opens = Abre { at }{ in-minutes }
    .do = Pedir que aguarde, ou encaminhar ao balcão de bilhetes
    .say = A entrada abre { at }.
rule-closed = Fechou { at }
    .do = Encaminhar ao balcão de bilhetes
    .say = A entrada fechou { at }.
rule-weekdays = Só { $days }
    .do = Encaminhar ao balcão de bilhetes
    .say = Este bilhete é para outros dias.
nth-entry = { $nth ->
    [1] Primeira entrada
    [2] Segunda entrada
    [3] Terceira entrada
    [4] Quarta entrada
    [5] Quinta entrada
   *[other] Entrada { $nth }
}
rule-too-many = { $counted ->
    [today] { nth-entry } hoje
    [since] { nth-entry } desde { date } { at-hour }
   *[entries] { nth-entry }
}; { $allowed ->
    [1] só uma é permitida
    [2] duas são permitidas
    [3] três são permitidas
    [4] quatro são permitidas
   *[other] { $allowed } são permitidas
}
    .do = Encaminhar ao balcão de bilhetes
    .say = { $counted ->
        [today] Este bilhete não tem mais entradas hoje.
       *[entries] Este bilhete não tem mais entradas.
    }
rule-count = { $counted ->
    [today] Entradas hoje
    [days] Dias com entradas
    [since] Entradas desde { date } { at-hour }
    [before] Entradas antes de { date } { at-hour }
    [days-since] Dias com entradas desde { date } { at-hour }
    [days-before] Dias com entradas antes de { date } { at-hour }
   *[entries] Entradas até agora
}: { $known }; { $needs ->
    [most] no máximo { $number }
    [least] no mínimo { $number }
    [exactly] exatamente { $number }
   *[not] qualquer número exceto { $number }
}
    .do = Encaminhar ao balcão de bilhetes
rule-wait = Próxima entrada { from }{ in-minutes }
    .do = Pedir que aguarde
    .say = Volte { at }, por favor.
rule-lapsed = { $entry ->
    [first] Só durante um tempo após a primeira entrada
   *[last] Só durante um tempo após a última entrada
}
    .do = Encaminhar ao balcão de bilhetes
rule-inside = Só para quem já está dentro
    .do = Encaminhar ao balcão de bilhetes
rule-outside = Já está dentro; só após uma saída
    .do = Ler primeiro a saída, ou chamar a supervisão
rule-gates = Só pela porta: { $gates }
    .do = Encaminhar para { $gate }
    .say = A sua entrada é { $gate }.
rule-products = Não é para este produto: só { $products }
    .do = Encaminhar ao balcão de bilhetes
    .say = Esta entrada é para { $products }.
rule-product = Não é para este produto
    .do = Encaminhar ao balcão de bilhetes
rule-variation = Não é para esta variante do produto
    .do = Encaminhar ao balcão de bilhetes
rule-never = A regra desta lista não o permite
    .do = Encaminhar ao balcão de bilhetes

### The bar

no-credit = { $product }: { $left ->
    [one] resta { $left }
   *[other] restam { $left }
} neste bilhete
    .do = Oferecer menos, ou outro bilhete
    .say = Neste bilhete não resta { $product } suficiente.
sold-out = { $product }: { $left ->
    [one] resta { $left }
   *[other] restam { $left }
} neste bar
    .do = Encaminhar para outro bar
    .say = { $left ->
        [0] Aqui já não há { $product }.
        [one] Aqui só resta { $left } de { $product }.
       *[other] Aqui só restam { $left } de { $product }.
    }

### Requests and taking back

undone = Operação anulada
key-reused = Esta chave de pedido já corresponde a outra coisa
    .do = Usar uma chave nova
not-yours = Nada deste dispositivo para anular
    .do = Anular onde foi lido
too-late-to-undo = Há mais de { $limit } minutos
    .do = Chamar a supervisão

limit-update = Últimas notícias do escritório há { $minutes } minutos
    .do = Ligar este aparelho ou deixar um supervisor decidir
    .say = Um momento, por favor, vou chamar um colega.
limit-no-update = Ainda não chegaram aqui notícias do escritório
    .do = Ligar este aparelho ou deixar um supervisor decidir
    .say = Um momento, por favor, vou chamar um colega.
limit-unverified = { $count ->
    [one] { $count } entrada que mais ninguém conhece
   *[other] { $count } entradas que mais ninguém conhece
}: limite deste aparelho
    .do = Ligar este aparelho ou deixar um supervisor decidir
    .say = Use a outra entrada, por favor.
limit-share = { $served } de { $allowed } servidas, permitidas sem ligação
    .do = Ligar este bar ou encaminhar para outro
    .say = Peça o resto noutro bar, por favor.
limit-unconfirmed = Desde o arranque ninguém confirmou o que este aparelho pode usar
    .do = Ligar a outro aparelho ou ao escritório, ou deixar um supervisor decidir
    .say = Um momento, por favor, estamos a começar.
limit-lease = Tanto tempo sem ligação que a parte deste aparelho voltou
    .do = Ligar este aparelho ao escritório ou deixar um supervisor decidir
    .say = Um momento, por favor, vou chamar um colega.
limit-withdrawn = O escritório retirou este aparelho
    .do = Usar outro aparelho; entregar este no escritório
    .say = Use a outra entrada, por favor.
