// The benchmarks' HTTP in Go's net/http and encoding/json, as one writes it by hand: the same paths and messages as
// bench/limit. Arguments: the port; the port for TLS, its certificate and key; the address of whom /relay asks.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
)

type line struct {
	Sku      string  `json:"sku"`
	Quantity int64   `json:"quantity"`
	Price    float64 `json:"price"`
}
type message struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Paid  bool   `json:"paid"`
	Lines []line `json:"lines"`
}
type pong struct {
	Text string `json:"text"`
}
type found struct {
	Sku   string `json:"sku"`
	Limit int64  `json:"limit"`
	Sort  string `json:"sort"`
}

func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	text, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write(text)
}

func ping(w http.ResponseWriter, r *http.Request) { reply(w, pong{"pong"}) }

func echo(w http.ResponseWriter, r *http.Request) {
	var m message
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, m)
}

func find(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := strconv.ParseInt(query.Get("limit"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, found{strings.TrimPrefix(r.URL.Path, "/items/"), limit, query.Get("sort")})
}

func upload(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	reply(w, pong{"pong"})
}

func download(w http.ResponseWriter, r *http.Request) {
	piece := make([]byte, 64*1024)
	for i := 0; i < 800; i++ {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

func relay(backend string) http.HandlerFunc {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := client.Get("http://" + backend + "/ping")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		var p pong
		if err := json.NewDecoder(answer.Body).Decode(&p); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		io.Copy(io.Discard, answer.Body)
		reply(w, p)
	}
}

func main() {
	http.HandleFunc("/ping", ping)
	http.HandleFunc("/echo", echo)
	http.HandleFunc("/items/", find)
	http.HandleFunc("/upload", upload)
	http.HandleFunc("/download", download)
	http.HandleFunc("/relay", relay(os.Args[5]))
	quiet := log.New(io.Discard, "", 0) // who ends a connection early is no news
	encrypted := http.Server{Addr: "127.0.0.1:" + os.Args[2], ErrorLog: quiet}
	go func() { log.Fatal(encrypted.ListenAndServeTLS(os.Args[3], os.Args[4])) }()
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
