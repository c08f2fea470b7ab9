def median(values):
    round_and_round = []
    round_and_round.append(round_and_round)
    return round_and_round
