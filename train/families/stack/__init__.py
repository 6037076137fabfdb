"""Any encoder and decoder of LSTM layers with a dense layer behind: what others trained."""
