"""The accounts of the books.

    receivable     what a client owes on an invoice               bank, cash   where money lies
    revenue, vat   what was invoiced                              provider:…   what a payment provider holds for us
    credit         what a client has with us: paid too much, say  recorded     seen by a person, not yet on a statement
    suspense       money that nobody knows what it is for         outside      moved on our bank account, no business of ours
    fees, interest, refund

A debit is positive, a credit negative.
"""

RECEIVABLE, CREDIT, SUSPENSE, RECORDED, BANK, CASH, OUTSIDE = "receivable", "credit", "suspense", "recorded", "bank", "cash", "outside"
FEES = "fees"
ACCOUNTS = frozenset({RECEIVABLE, "revenue", "vat", BANK, CASH, RECORDED, SUSPENSE, CREDIT, OUTSIDE, FEES, "interest", "refund"})
PROVIDER = "provider:"
