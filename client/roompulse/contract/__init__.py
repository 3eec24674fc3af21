"""What both sides make of the contract: messages and values, words for numbers, text that is safe to show."""
