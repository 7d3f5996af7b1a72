# Makes shop_day.ndjson: a day of a shop with three branches, one request a line, in the order of the
# day. The same lines every time:
#
#   awk -f make_shop_day.awk >shop_day.ndjson
#
# A line says by which way a request comes (web: JSON or form, phone: an agent, kiosk: batches), at
# what local time it was answered, under which key, and its body; or it has the raw body of a request
# that is broken as a whole. Some requests come twice, as after a lost reply; some of these with other
# words. Some are wrong. What is right and counts is not said here: shop_count.awk knows the rules.

# Park and Miller's generator: exact in awk's numbers, so every awk makes the same day.
function random(below)
{
    state = (state * 16807) % 2147483647
    return state % below
}

# One of the parts of a list, as often as it is named there.
function pick(list, parts)
{
    return parts[1 + random(split(list, parts, " "))]
}

function score_of(branch, hour)
{
    if (random(100) < (branch == "station" && hour >= 17 ? 45 : 18))
        return random(7)
    return random(100) < 35 ? 7 + random(2) : 9 + random(2)
}

function why()
{
    return pick("Fast Slow Friendly Rude Cheap Expensive Fine Queue Быстро Долго Хорошо")
}

# A score that is none. Forms have no types, so there a quoted 9 would be a 9.
function wrong_score(form)
{
    return form ? pick("11 -1 6.5 100 true") : pick("11 -1 6.5 \"9\" true null 9.0 100 [9] 4294967303")
}

function member(name, value)
{
    return ",\"" name "\":\"" value "\""
}

# The members behind the score.
function details(way, branch, text)
{
    text = ""
    if (random(100) < 40)
        text = "\"why\":\"" why() "\""
    if (random(100) < 30)
        text = text (text == "" ? "" : ",") "\"improve\":\"" pick("wait price quality staff other") "\""
    text = text == "" ? "" : ",\"answers\":{" text "}"
    if (branch != "")
        text = text ",\"properties\":{\"branch\":\"" branch "\"}"
    return text (way == "kiosk" ? member("channel", "kiosk") : "")
}

# One wrong thing, besides the score.
function spoil(body)
{
    if (random(2))
        return body pick(",\"colour\":\"red\" ,\"channel\":\"fax\" ,\"language\":5 ,\"group\":\"critic\"")
    return body ",\"answers\":{\"improve\":\"" pick("Waiting nothing WAIT") "\"}"
}

function clock_of(number)
{
    # From nine to nine, a little denser in the evening.
    number = 32400 + int(number * 43200 / 3900)
    return sprintf("%02d:%02d:%02d.%03d", number / 3600, number / 60 % 60, number % 60, random(1000))
}

function line(at, way, key, body)
{
    return "{\"at\":\"" at "\",\"way\":\"" way "\",\"key\":\"" key "\",\"body\":{" body "}}"
}

function one_request(number, at, way, branch, key, body, plain)
{
    at = clock_of(number)
    way = pick("web web web form form phone kiosk kiosk kiosk kiosk")
    branch = random(100) < 94 ? pick("centre centre centre station station airport") : ""
    key = way "-" number
    body = "\"score\":" score_of(branch, substr(at, 1, 2) + 0)
    if (random(100) < 3)
        print line(at, way, key, "\"score\":" wrong_score(way == "form") details(way, branch))
    else if (random(100) < 3)
        print line(at, way, key, spoil(body))
    else {
        plain = body details(way, branch)
        print line(at, way, key, plain)
        if (random(100) < 4)
            repeats[number + 1 + random(40)] = line(at, way, key, plain)
        else if (random(100) < 1)
            repeats[number + 1 + random(40)] = line(at, way, key, plain member("respondent", "c-" number))
    }
}

BEGIN {
    state = 20260314
    for (number = 0; number < 3900; number++) {
        one_request(number)
        if (number in repeats)
            print repeats[number]
        if (number % 150 == 149)
            print "{\"way\":\"web\",\"raw\":\"{\\\"score\\\":" random(11) pick(",} ,\\\"score\\\":9} }} ]}") "\"}"
    }
}
