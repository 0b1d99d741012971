# What a verdict says to people, in French, with vous. The space before a colon or semicolon is a
# no-break space, so that no line begins with the sign. The rest stands in en.ftl.

### Times

date = { $dom ->
    [1] 1er
   *[other] { $dom }
} { $month ->
    [1] janv.
    [2] févr.
    [3] mars
    [4] avr.
    [5] mai
    [6] juin
    [7] juil.
    [8] août
    [9] sept.
    [10] oct.
    [11] nov.
   *[12] déc.
}
hour-of = { $h ->
   *[other] { $hour }
}
at-hour = à { hour-of }
at = { $day ->
    [same] { at-hour }
   *[other] le { date } { at-hour }
}
from = { $day ->
    [same] à partir de { hour-of }
   *[other] à partir du { date } { at-hour }
}
in-minutes = { $minutes ->
    [0] { "" }
    [one] , dans { $minutes } minute
   *[other] , dans { $minutes } minutes
}
weekday = { $weekday ->
    [1] lun
    [2] mar
    [3] mer
    [4] jeu
    [5] ven
    [6] sam
   *[7] dim
}

### Names in a row: $names are all but the last, with commas

either = { $names } ou { $last }
both = { $names } et { $last }
or-more = { $names } ou { $count } autres

### What was read

starting = Pas encore prêt : la liste est en cours de réception
    .do = Patientez, ou appelez un responsable
web-link = C'est un lien web, pas un billet
    .do = Demandez le billet lui-même
staff-badge = C'est un badge du personnel, pas un billet
    .do = Connectez-vous avec lui ou demandez le billet
nothing-read = Rien n'a été lu
    .do = Demandez le billet lui-même
not-ours = Ce n'est pas un de nos billets
    .do = Demandez le billet lui-même
no-such-ticket = Ce billet n'existe pas ici
    .do = Scannez le code lui-même
unknown-key = Signé par une clé inconnue ici (clé { $key })
    .do = Mise à jour nécessaire : connectez-vous au cloud
forged = Signature incorrecte : non émis par nous
    .do = Scannez encore ; si rien ne change, faites patienter, appelez un responsable
    .say = Je vais chercher un collègue.
wrong-event = Pour { $event }
    .do = Pas cet événement
    .say = Ce billet est pour { $event }.

### The ticket itself

by-signature = Authentique, vendu après la dernière mise à jour
revoked = Remplacé par un billet plus récent
    .do = Demandez l'e-mail le plus récent
    .say = Vous avez un billet plus récent dans vos e-mails.
cancelled = Annulé
    .do = Orientez vers la billetterie
cancelled-at = Annulé { at }
    .do = Orientez vers la billetterie
blocked = Bloqué : { $reason }
    .do = Appelez un responsable
unapproved = Pas encore approuvé par l'organisateur
    .do = Orientez vers la billetterie
too-early = Valable { from }{ in-minutes }
    .do = Faites patienter, ou orientez vers la billetterie
    .say = Votre billet est valable { from }.
too-late = Était valable jusqu'au { date } { at-hour }
    .do = Orientez vers la billetterie
unpaid = Commande non payée
    .do = Orientez vers la billetterie
    .say = Cette commande n'est pas encore payée.
used = Entré { at-hour } par { $place }
    .do = Comparez nom et pièce d'identité ; un responsable peut admettre
    .say = Ce billet a déjà servi { at-hour }.
clock = Proche de sa limite horaire, et cette horloge n'est pas sûre
    .do = Regardez l'heure et décidez
unlisted = Authentique, mais vendu après la dernière mise à jour
    .do = Demandez à un responsable, ou connectez-vous pour mettre à jour
stale = Les données de ce billet ne sont pas encore connues ici
    .do = Connectez-vous pour mettre à jour, ou demandez à un responsable

### The ticket at this list

unknown-product = Un produit inconnu ici
    .do = Mise à jour nécessaire : connectez-vous au cloud
not-on-list = { $product } : bon événement, mauvaise porte
    .do = Orientez vers { $lists }
    .say = Votre entrée est { $list }.
no-list = Aucune liste ici n'accepte le produit { $product }
    .do = Orientez vers la billetterie
ambiguous = { $count } billets conviennent
    .do = Choisissez-en un
wrong-date = Pour le { date } { at-hour }
    .do = Pas cette date
    .say = Ce billet est pour le { date } { at-hour }.
another-date = Pour une autre date
    .do = Pas cette date
    .say = Ce billet est pour une autre date.
question = { $text }{ $more ->
    [0] { "" }
    [one] { " " }(et { $more } autre)
   *[other] { " " }(et { $more } autres)
}
    .do = Demandez, puis saisissez la réponse
    .say = { $text }
full = { $zone } : complet
maybe-full = { $zone } : complet, sauf fermeture depuis ; cette horloge n'est pas sûre
    .do = Faites patienter ; un sort, un entre
    .say = C'est complet pour le moment. Merci de patienter ici.

### The rule of the list

rule-unreadable = La règle de cette liste ne peut pas être évaluée
    .do = Orientez vers la billetterie ; le bureau doit corriger la règle
rule-opens = Ouvre { at }{ in-minutes }
    .do = Faites patienter, ou orientez vers la billetterie
    .say = L'entrée ouvre { at }.
rule-closed = L'entrée a fermé { at }
    .do = Orientez vers la billetterie
    .say = L'entrée a fermé { at }.
rule-weekdays = Seulement { $days }
    .do = Orientez vers la billetterie
    .say = Ce billet est pour d'autres jours.
nth-entry = { $nth ->
    [1] Première entrée
    [2] Deuxième entrée
    [3] Troisième entrée
    [4] Quatrième entrée
    [5] Cinquième entrée
   *[other] Entrée { $nth }
}
rule-too-many = { $counted ->
    [today] { nth-entry } aujourd'hui
    [since] { nth-entry } depuis le { date } { at-hour }
   *[entries] { nth-entry }
} ; { $allowed ->
    [1] une seule est autorisée
    [2] deux sont autorisées
    [3] trois sont autorisées
    [4] quatre sont autorisées
   *[other] { $allowed } sont autorisées
}
    .do = Orientez vers la billetterie
    .say = { $counted ->
        [today] Ce billet n'a plus d'entrée aujourd'hui.
       *[entries] Ce billet n'a plus d'entrée.
    }
rule-count = { $counted ->
    [today] Entrées aujourd'hui
    [days] Jours avec entrée
    [since] Entrées depuis le { date } { at-hour }
    [before] Entrées avant le { date } { at-hour }
    [days-since] Jours avec entrée depuis le { date } { at-hour }
    [days-before] Jours avec entrée avant le { date } { at-hour }
   *[entries] Entrées jusqu'ici
} : { $known } ; { $needs ->
    [most] au plus { $number }
    [least] au moins { $number }
    [exactly] exactement { $number }
   *[not] tout nombre sauf { $number }
}
    .do = Orientez vers la billetterie
rule-wait = Prochaine entrée { from }{ in-minutes }
    .do = Faites patienter
    .say = Merci de revenir { at }.
rule-lapsed = { $entry ->
    [first] Seulement un certain temps après la première entrée
   *[last] Seulement un certain temps après la dernière entrée
}
    .do = Orientez vers la billetterie
rule-inside = Seulement pour qui est déjà à l'intérieur
    .do = Orientez vers la billetterie
rule-outside = Déjà à l'intérieur ; seulement après une sortie
    .do = Scannez d'abord la sortie, ou appelez un responsable
rule-gates = Seulement par la porte : { $gates }
    .do = Orientez vers { $gate }
    .say = Votre entrée est { $gate }.
rule-products = Pas pour ce produit : seulement { $products }
    .do = Orientez vers la billetterie
    .say = Cette entrée est pour { $products }.
rule-product = Pas pour ce produit
    .do = Orientez vers la billetterie
rule-variation = Pas pour cette variante du produit
    .do = Orientez vers la billetterie
rule-never = La règle de cette liste ne le permet pas
    .do = Orientez vers la billetterie

### The bar

no-credit = { $product } : il en reste { $left } sur ce billet
    .do = Proposez moins, ou un autre billet
    .say = Ce billet n'a plus assez de crédit pour { $product }.
sold-out = { $product } : il en reste { $left } à ce bar
    .do = Orientez vers un autre bar
    .say = { $left ->
        [0] Il n'en reste plus ici : { $product }.
       *[other] Il n'en reste que { $left } ici : { $product }.
    }

### Requests and taking back

undone = Opération annulée
key-reused = Cette clé de requête désigne déjà autre chose
    .do = Utilisez une nouvelle clé
not-yours = Rien à annuler de cet appareil
    .do = Annulez là où le billet a été scanné
too-late-to-undo = Il y a plus de { $limit } minutes
    .do = Appelez un responsable

limit-update = Dernières nouvelles du bureau il y a { $minutes } minutes
    .do = Connectez cet appareil ou laissez un superviseur décider
    .say = Un instant, j'appelle un collègue.
limit-no-update = Aucune nouvelle du bureau n'est encore arrivée ici
    .do = Connectez cet appareil ou laissez un superviseur décider
    .say = Un instant, j'appelle un collègue.
limit-unverified = { $count ->
    [one] { $count } entrée que personne d'autre ne connaît
   *[other] { $count } entrées que personne d'autre ne connaît
} : limite de cet appareil
    .do = Connectez cet appareil ou laissez un superviseur décider
    .say = Prenez l'autre entrée, s'il vous plaît.
limit-share = { $served } sur { $allowed } servis, permis sans connexion
    .do = Connectez ce bar ou orientez vers un autre
    .say = Demandez le reste à un autre bar, s'il vous plaît.
limit-unconfirmed = Depuis le démarrage, personne n'a confirmé les droits de cet appareil
    .do = Connectez-le à un autre appareil ou au bureau, ou appelez un superviseur
    .say = Un instant, nous démarrons.
limit-lease = Si longtemps sans connexion que la part de cet appareil est revenue
    .do = Connectez cet appareil au bureau ou laissez un superviseur décider
    .say = Un instant, j'appelle un collègue.
limit-withdrawn = Le bureau a retiré cet appareil
    .do = Prenez un autre appareil ; rendez celui-ci au bureau
    .say = Prenez l'autre entrée, s'il vous plaît.
