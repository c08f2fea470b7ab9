exec yes 17.17
